import type { AccountLog } from '../ports/index.js';
import { KeyWatch } from './index.js';

const hasher = { newSecret: () => '', hash: () => '', matches: () => false };
const logger = { debug() {}, info() {}, warn() {}, error() {} };
/** Whoever sleeps is woken by hand, or by the signal. */
function sleeper() {
  let wake = (): void => undefined;
  const sleep = (_ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      wake = resolve;
      signal?.addEventListener('abort', () => reject(new Error('woken')));
    });
  return { clock: { now: () => 0, sleep }, wake: () => wake() };
}
const watchOf = (log: () => Promise<AccountLog>) => {
  const { clock, wake } = sleeper();
  return { watch: new KeyWatch({ log, hasher, clock, logger }), wake };
};

it('given a log that does not answer, then whoever presents a key is told so, and does not wait for ever', async () => {
  const { watch, wake } = watchOf(() => new Promise(() => undefined));
  const asked = watch.find('spoor_x');
  wake();
  await expect(asked).rejects.toMatchObject({ code: 'store_unavailable' });
  watch.close();
});

it('given a log that has been read, then a key that is none is none, and nobody waits', async () => {
  const read: AccountLog['read'] = async function* ({ signal } = {}) {
    yield { events: [], caughtUp: true, upTo: 0 };
    await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()));
  };
  const { watch } = watchOf(async () => ({ read }) as AccountLog);
  expect(await watch.find('spoor_x')).toBeNull();
  expect(await watch.find('spoor_x')).toBeNull();
  watch.close();
});
