import type { EvidenceContent, EvidenceKind } from './kind.js';

export const SKIP_PATTERN_TEXT = 'URL matches skip pattern';

export const fetchErrorContent = (message: string, statusCode: number): EvidenceContent => ({
  content: message,
  metadata: { errorType: 'fetch_error', statusCode },
});

/** There was no usable response, or none was asked for. A response with a bad status is http_response alone. */
export const fetchError: EvidenceKind = {
  type: 'fetch_error',
  from: {
    PageFetched: 'ignored',
    FetchFailed: ({ data }) => fetchErrorContent(data.message, data.statusCode),
    PageSkipped: ({ data }) => {
      // robots_check tells it.
      if (data.robots && data.code !== 'skip_pattern') return null;
      return fetchErrorContent(data.code === 'skip_pattern' ? SKIP_PATTERN_TEXT : data.message, 0);
    },
  },
};
