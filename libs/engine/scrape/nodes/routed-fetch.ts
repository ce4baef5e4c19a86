import { ScrapeError } from '#libs/failures';
import { NodeUnavailableError, type Logger, type ScrapeNodes } from '../../ports/index.js';
import type { Content } from '../fetch-content.js';
import type { ScrapeFormat, ScrapeRoute } from '../read-request.js';
import { contentOf } from './messages.js';

export interface RoutedFetchDeps {
  nodes: Pick<ScrapeNodes, 'call'>;
  /** By this process itself. */
  central: (url: string, format: ScrapeFormat, signal: AbortSignal) => Promise<Content>;
  /** Whether this process fetches what no node has answered. */
  fallback: boolean;
  logger: Logger;
}

export type RoutedFetch = (
  url: string,
  format: ScrapeFormat,
  route: ScrapeRoute | null,
  signal: AbortSignal,
) => Promise<Content>;

/**
 * Fetches where the caller wants it. What a node says of the page is the answer, good or bad; only when no node says anything
 * of it is it fetched here, where that is allowed.
 * @throws ScrapeError, with node_routing_failed when it is not
 */
export function routedFetch({ nodes, central, fallback, logger }: RoutedFetchDeps): RoutedFetch {
  return async (url, format, route, signal) => {
    if (route === null) return central(url, format, signal);
    try {
      const request = { url, format };
      const content = contentOf(await nodes.call(route.to, request, signal), request);
      if (content !== null) return content;
      throw new NodeUnavailableError('broken');
    } catch (error) {
      if (!(error instanceof NodeUnavailableError)) throw error;
      const central = fallback && route.fallback;
      logger.warn({ ...route.to, trouble: error.trouble, central }, 'no scrape node has answered');
      if (!central) throw new ScrapeError('node_routing_failed', undefined, {}, { cause: error });
    }
    return central(url, format, signal);
  };
}
