import type { RobotsVerdict } from '#libs/events';
import { sameAsMetadata, type EvidenceContent, type EvidenceKind } from './kind.js';

function verdict({ data }: { data: { robots?: RobotsVerdict | undefined } }): EvidenceContent | null {
  if (!data.robots) return null;
  const { allowed, confidence, reason, rule, policy, unreachable } = data.robots;
  const { crawlDelayMs, crawlDelayHonouredMs } = data.robots;
  return sameAsMetadata({
    allowed,
    confidence,
    reason,
    rule,
    policy,
    ...(unreachable === undefined ? {} : { unreachable }),
    ...(crawlDelayMs === undefined ? {} : { crawlDelayMs }),
    ...(crawlDelayHonouredMs === undefined ? {} : { crawlDelayHonouredMs }),
  });
}

/** What robots.txt said, each time that it was asked. */
export const robotsCheck: EvidenceKind = {
  type: 'robots_check',
  from: { PageFetched: verdict, FetchFailed: verdict, PageSkipped: verdict },
};
