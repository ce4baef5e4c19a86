import type { FailPoint } from '#libs/engine/worker';

const NAMES: readonly FailPoint[] = ['after_fetch', 'after_publish', 'before_ack'];

/**
 * For tests of crashes: `SPOOR_FAIL_AT=after_publish:3` lets the process kill itself at the third passing of that point. Without
 * the variable there is no such point.
 * @param kill how to die; SIGKILL leaves no time to clean up, as in a real crash.
 */
export function failPointOf(
  value: string | undefined,
  kill: () => void = () => process.kill(process.pid, 'SIGKILL'),
): ((name: FailPoint) => void) | undefined {
  const match = /^([a-z_]+)(?::(\d+))?$/.exec(value ?? '');
  const wanted = NAMES.find((name) => name === match?.[1]);
  if (wanted === undefined) return undefined;
  let left = Number(match?.[2] ?? 1);
  return (name) => {
    if (name === wanted && --left === 0) kill();
  };
}
