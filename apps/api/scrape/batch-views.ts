import type { BatchNews, BatchResult, BatchView } from '#libs/engine/scrape';
import { eventFrame } from '../http/send-events.js';

type Fold = BatchView['fold'];

const progressOf = ({ state, batch, completed }: Fold) => ({
  status: state!.status,
  total: batch!.urls.length,
  completed,
});

export const batchView = ({ batchId, fold }: BatchView) => ({
  success: true as const,
  batch_id: batchId,
  ...progressOf(fold),
  created_at: new Date(fold.state!.createdAt).toISOString(),
  links: {
    self: `/api/v1/scrape/batch/${batchId}`,
    events: `/api/v1/scrape/batch/${batchId}/events`,
  },
});

/** With the fields of the single endpoint, and the place in the batch. */
export function resultView(result: BatchResult, { batch }: Fold) {
  const { index, url, format, at, outcome } = result;
  const base = { index, url, format, ...(at === null ? {} : { timestamp: new Date(at).toISOString() }) };
  if (!outcome.ok) {
    const { code, message, details } = outcome.error;
    return { ...base, success: false as const, error: code, message, ...details };
  }
  const { content, statusCode } = outcome.content;
  const by = { api_key_used: true as const, tier: batch!.tier };
  return { ...base, success: true as const, content, status_code: statusCode, ...by };
}

/** Results without their content, which `links.self` has: a stream is to tell of progress. */
export function newsFrame(news: BatchNews): string {
  const { seq, fold } = news;
  if (news.kind === 'status') return eventFrame(seq, 'status', progressOf(fold));
  const results = news.results.map((result) => {
    const view = resultView(result, fold);
    if (!view.success) return view;
    const { content: _content, ...rest } = view;
    return rest;
  });
  return eventFrame(seq, 'results', { ...progressOf(fold), results });
}
