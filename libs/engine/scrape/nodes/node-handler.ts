import { describeError } from '../../describe-error.js';
import type { Logger } from '../../ports/index.js';
import type { Content } from '../fetch-content.js';
import { readUrl, type ScrapeFormat } from '../read-request.js';
import { answerOfError, nodeRequest, type NodeAnswer } from './messages.js';

export interface NodeHandlerDeps {
  fetch: (url: string, format: ScrapeFormat, signal: AbortSignal) => Promise<Content>;
  logger: Logger;
}

/** A node's part of a scrape: what is asked is checked here as well, for who asks may be older, newer or mistaken. Never throws. */
export function nodeHandler(nodeId: string, { fetch, logger }: NodeHandlerDeps) {
  return async (request: unknown, signal: AbortSignal): Promise<NodeAnswer> => {
    try {
      const { url, format } = nodeRequest.parse(request);
      const { content, statusCode, bytes } = await fetch(readUrl(url), format, signal);
      return { nodeId, outcome: 'content', content, statusCode, bytes };
    } catch (error) {
      const answer = answerOfError(nodeId, error);
      if (answer.outcome === 'defect' && !signal.aborted)
        logger.error({ error: describeError(error) }, 'a scrape for somebody else failed');
      return answer;
    }
  };
}
