/** The bucket of leases on the server. */
export class LeaseServer {
  readonly held = new Map<string, { holder: string; until: number }>();
}
