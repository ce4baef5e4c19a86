/** A service of the operator's own that takes and gives JSON. */
export interface JsonEndpoint {
  /** @throws when it does not answer with JSON in time; the error names nothing of it */
  call(body: unknown, signal: AbortSignal): Promise<unknown>;
}
