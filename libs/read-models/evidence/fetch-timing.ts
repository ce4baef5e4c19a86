import type { FetchTiming } from '#libs/events';
import { sameAsMetadata, type EvidenceContent, type EvidenceKind } from './kind.js';

function timing({ data }: { data: { timing?: FetchTiming | undefined } }): EvidenceContent | null {
  if (!data.timing) return null;
  const { startedAt, durationMs, ttfbMs } = data.timing;
  return sameAsMetadata({
    startTime: startedAt,
    endTime: startedAt + durationMs,
    duration: durationMs,
    ...(ttfbMs === undefined ? {} : { ttfb: ttfbMs }),
  });
}

/** Worker's clock, ms since the epoch; durations in ms. */
export const fetchTiming: EvidenceKind = {
  type: 'fetch_timing',
  from: { PageFetched: timing, FetchFailed: timing, PageSkipped: 'ignored' },
};
