/** What the api has said to the harness, good or bad: it is judged, too. */
export interface Said {
  method: string;
  path: string;
  status: number;
  body: unknown;
}

export interface JobView {
  jobId: string;
  status: string;
  run: number;
  generation: number;
  seq: number;
  reason: string | null;
  lastError: { code: string } | null;
  counts: Counts | null;
}
export interface Counts {
  seq: number;
  fetched: number;
  failed: number;
  skipped: number;
  statusCodes: Record<string, number>;
}
export interface CommandAnswer {
  jobId: string;
  status: string;
  run: number;
  seq: number;
}

const PATIENCE_MS = 15_000;

/** Requests to the api, each noted with its answer. */
export class Api {
  readonly said: Said[] = [];

  constructor(private readonly base: string) {}

  /** The answer, whatever its status; null when none came. */
  async ask(method: 'GET' | 'POST', path: string, body?: unknown, key?: string): Promise<Said | null> {
    try {
      const response = await fetch(this.base + path, {
        method,
        headers: { 'content-type': 'application/json', ...(key ? { 'idempotency-key': key } : {}) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      const text = await response.text();
      const said = { method, path, status: response.status, body: parsed(text) };
      this.said.push(said);
      return said;
    } catch {
      return null;
    }
  }

  async job(jobId: string): Promise<JobView | null> {
    const said = await this.ask('GET', `/api/jobs/${jobId}`);
    return said?.status === 200 ? (said.body as JobView) : null;
  }

  /** @returns null when it was refused or no answer came */
  async command(jobId: string, action: string, key?: string): Promise<CommandAnswer | null> {
    const said = await this.ask('POST', `/api/jobs/${jobId}/${action}`, {}, key);
    return said && said.status < 300 ? (said.body as CommandAnswer) : null;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
