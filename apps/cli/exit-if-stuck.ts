/** Ctrl-C ends within 5 s, also when a server that does not answer keeps a clean end from coming. */
const PATIENCE_MS = 4500;

/** Ends the process with `code` unless it has ended by itself; what was in flight stays in the queue. */
export function exitIfStuck(code: number): void {
  setTimeout(() => process.exit(code), PATIENCE_MS).unref();
}
