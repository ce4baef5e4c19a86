/** Takes the history of a removed job out of the log. Every call may be repeated. */
export interface LogPurge {
  /** Some of the job's page facts below `uptoSeq`, the oldest first. @returns whether there may be more */
  pageFacts(jobId: string, uptoSeq: number): Promise<boolean>;
  /** Its long lists, and its decisions below `uptoSeq`; these last, so that what was interrupted shows. */
  rest(jobId: string, uptoSeq: number): Promise<void>;
}
