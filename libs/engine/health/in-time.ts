import type { Clock } from '#libs/engine/ports';

/** The value, or null when it fails or does not come in time: the stores retry for much longer than a probe waits. */
export async function inTime<T>(
  clock: Pick<Clock, 'timer'>,
  patienceMs: number,
  asked: () => Promise<T>,
): Promise<{ value: T } | null> {
  let cancel = (): void => undefined;
  const late = new Promise<null>((resolve) => {
    cancel = clock.timer(patienceMs, () => resolve(null));
  });
  try {
    return await Promise.race([asked().then((value) => ({ value })), late]);
  } catch {
    return null;
  } finally {
    cancel();
  }
}
