import type { ApiKey } from '#libs/accounts';
import type { LimitVerdict } from '../ports/index.js';
import { ScrapeService, type ScrapeDeps } from './scrape-service.js';

const URL_A = 'https://a.test/';
const KEY = { keyId: 'k1', tier: 'premium', scopes: ['scrape'] } as unknown as ApiKey;
const allowed = { allowed: true, limit: 2000, remaining: 1500, resetSeconds: 60 };
const refused = { allowed: false, limit: 2000, remaining: 0, resetSeconds: 60 };

/** An endpoint whose count and whose page come when they are told to. */
function endpoint() {
  const counts: ((verdict: LimitVerdict) => void)[] = [];
  const fetches: { aborted: boolean }[] = [];
  const served: string[] = [];
  const deps = {
    accounts: async () => ({ append: async ({ type }: { type: string }) => served.push(type) }),
    findKey: async () => KEY,
    limits: { take: () => new Promise((resolve) => counts.push(resolve)) },
    targets: { admits: async () => true },
    fetch: async (_url: string, _format: string, _route: unknown, signal: AbortSignal) => {
      fetches.push(signal);
      await Promise.resolve();
      signal.throwIfAborted();
      return { content: 'page', statusCode: 200, bytes: 4, nodeId: null };
    },
    ...{ payment: null, clock: { now: () => 0, monotonic: () => 0 } },
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  } as unknown as ScrapeDeps;
  const service = new ScrapeService(deps);
  const call = (body: object = {}) => {
    const request = { requestId: 'r', body: { url: URL_A, ...body }, apiKey: 'k', address: '127.0.0.1' };
    const answer = service.scrape(request, new AbortController().signal, () => undefined);
    answer.catch(() => undefined);
    return answer;
  };
  const settle = () => new Promise(setImmediate);
  const count = async (verdict: LimitVerdict): Promise<void> => {
    counts.shift()!(verdict);
    await settle();
  };
  return { call, count, fetches, served, settle };
}

describe('a scrape and its limit', () => {
  it('given a key of which nothing is known, then it is counted before anything is asked of the site', async () => {
    const { call, count, fetches, settle } = endpoint();
    const answer = call();
    await settle();
    expect(fetches).toHaveLength(0);
    await count(allowed);
    expect((await answer).content.content).toBe('page');
  });

  it('given a key with room, then the page is fetched while the call is counted, and handed out when it was', async () => {
    const { call, count, fetches, settle, served } = endpoint();
    void call();
    await settle();
    await count(allowed);
    const answer = call();
    await settle();
    expect([fetches.length, served]).toEqual([2, ['ScrapeServed']]);
    await count(allowed);
    await answer;
    expect([fetches.length, served]).toEqual([2, ['ScrapeServed', 'ScrapeServed']]);
  });

  it('given a refusal after all, then the fetch is given up, nothing is handed out, and the next call is counted first', async () => {
    const { call, count, fetches, settle, served } = endpoint();
    void call();
    await settle();
    await count(allowed);
    const answer = call();
    await settle();
    await count(refused);
    await expect(answer).rejects.toMatchObject({ code: 'rate_limit_exceeded' });
    expect([fetches.at(-1)!.aborted, served]).toEqual([true, ['ScrapeServed']]);
    void call();
    await settle();
    expect(fetches).toHaveLength(2);
  });

  it('given a wish for a place, then it is counted first, as its place may be wrong', async () => {
    const { call, count, fetches, settle } = endpoint();
    void call();
    await settle();
    await count(allowed);
    const answer = call({ region: 'no such place!' });
    await settle();
    expect(fetches).toHaveLength(1);
    await count(allowed);
    await expect(answer).rejects.toMatchObject({ code: 'node_routing_failed' });
  });
});
