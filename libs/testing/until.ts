import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits for a condition, and fails by its name when it does not come true in time. Answers what the condition answered.
 * @param options.timeoutMs default 10,000
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  options: { timeoutMs?: number; what?: string } = {},
): Promise<NonNullable<T>> {
  const { timeoutMs = 10_000, what = 'the condition' } = options;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await condition();
    if (answer) return answer;
    if (performance.now() > deadline) throw new Error(`${what} did not come true within ${timeoutMs} ms`);
    await sleep(20);
  }
}
