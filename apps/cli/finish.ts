/** Sets the exit code of the process. */
export type Finish = (code: number) => void;
