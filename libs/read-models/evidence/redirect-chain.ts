import type { RedirectStep } from '#libs/events';
import type { EvidenceContent, EvidenceKind } from './kind.js';

function chain({ data }: { data: { redirects: RedirectStep[]; finalUrl: string } }): EvidenceContent | null {
  const { redirects, finalUrl } = data;
  if (redirects.length === 0) return null;
  return { content: JSON.stringify(redirects), metadata: { redirectCount: redirects.length, finalUrl } };
}

/** The hops in their order, up to the error if there was one; only when there was a hop. */
export const redirectChain: EvidenceKind = {
  type: 'redirect_chain',
  from: { PageFetched: chain, FetchFailed: chain, PageSkipped: 'ignored' },
};
