import type { Logger } from '#libs/engine/ports';

const nothing = (): void => undefined;
/** The judge's own calls are not what is judged. */
export const silent: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
