/** What is done with a page or a command that meets this failure. */
export interface Failure {
  /** `backoff`: another attempt while any is left. `never`: would not help. */
  retry: 'backoff' | 'never';
  /** The proxy's fault: the job stops, the page stays open, no attempt is burned. */
  stopsJob: boolean;
  /** How it ends up in the read models: a page row with fetch_error, one without, evidence only, or nowhere. */
  recorded: 'page+fetch_error' | 'page' | 'evidence' | 'none';
  http: number;
  grpc:
    | 'INVALID_ARGUMENT'
    | 'NOT_FOUND'
    | 'FAILED_PRECONDITION'
    | 'UNAVAILABLE'
    | 'DEADLINE_EXCEEDED'
    | 'ABORTED'
    | 'PERMISSION_DENIED'
    | 'UNAUTHENTICATED'
    | 'RESOURCE_EXHAUSTED'
    | 'INTERNAL';
  /** What the person who reads it can do. */
  hint: string;
}
