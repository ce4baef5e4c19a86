import { isSuccess } from '../outcome.js';
import type { EvidenceContent, EvidenceKind } from './kind.js';

interface Response {
  statusCode: number;
  finalUrl: string;
  contentType: string | null;
  contentLength: number;
  redirectCount: number;
  success: boolean;
}

/** `error` is in the content only, and only when there is one. */
const response = (metadata: Response, error: string | null): EvidenceContent => ({
  content: JSON.stringify(error === null ? metadata : { ...metadata, error }),
  metadata: { ...metadata },
});

/** Of every page that was requested, whatever came of it. */
export const httpResponse: EvidenceKind = {
  type: 'http_response',
  from: {
    PageFetched: ({ data }) =>
      response(
        {
          statusCode: data.statusCode,
          finalUrl: data.finalUrl,
          contentType: data.contentType,
          contentLength: data.contentLength,
          redirectCount: data.redirects.length,
          success: isSuccess(data.statusCode, data.error),
        },
        data.error,
      ),
    FetchFailed: ({ data }) =>
      response(
        {
          statusCode: data.statusCode,
          finalUrl: data.finalUrl,
          contentType: null,
          contentLength: 0,
          redirectCount: data.redirects.length,
          success: false,
        },
        data.message,
      ),
    PageSkipped: 'ignored',
  },
};
