import type { EvidenceKind } from './kind.js';

/** Headers of the final response, as the worker kept them. */
export const httpHeaders: EvidenceKind = {
  type: 'http_headers',
  from: {
    PageFetched: ({ data: { headers, contentType } }) => ({
      content: JSON.stringify(headers),
      metadata: {
        headerCount: Object.keys(headers).length,
        contentType,
        server: headers['server'] ?? null,
      },
    }),
    FetchFailed: 'ignored',
    PageSkipped: 'ignored',
  },
};
