/**
 * Private addresses that single jobs may reach, on top of what the process may. Only the word of a person at this machine adds to
 * them: no spec, event or request can.
 */
export interface PrivateTargets {
  /** `host`, `host:port`, or `*` for all; empty for most jobs. */
  of(jobId: string): readonly string[];
}
