import type { Facts } from '../harness/facts.js';

/** The log alone gives the rows that are there, byte by byte. */
export function rebuild({ live, rebuilt }: Facts): string[] {
  const length = Math.max(live.length, rebuilt.length);
  for (let n = 0; n < length; n++)
    if (live[n] !== rebuilt[n])
      return [
        `${live.length} rows live, ${rebuilt.length} rebuilt; the first that differs:\n` +
          `      live    ${live[n]?.trim() ?? 'ends'}\n      rebuilt ${rebuilt[n]?.trim() ?? 'ends'}`,
      ];
  return [];
}
