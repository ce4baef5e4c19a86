/** Raised when the fold changes: events that an earlier version had to park are tried again. */
export const PROJECTION_VERSION = '1';
