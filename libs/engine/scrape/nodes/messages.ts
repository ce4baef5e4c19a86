import { z } from 'zod';
import { FETCH_CODES, isRefused, ScrapeError, scrapeErrorTold } from '#libs/failures';
import { SCRAPE_LIMITS, type Content } from '../fetch-content.js';
import { FORMATS } from '../read-request.js';

/** What is asked of a node. */
export const nodeRequest = z.object({ url: z.string().max(8192), format: z.enum(FORMATS) });
export type NodeRequest = z.output<typeof nodeRequest>;

const named = { nodeId: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/) };
const statusCode = z.int().min(100).max(599);
const bytes = z.int().nonnegative();

/** What a node answers: a page, or the end that its fetch has come to. */
const nodeAnswer = z.discriminatedUnion('outcome', [
  z.object({ ...named, outcome: z.literal('content'), content: z.unknown(), statusCode, bytes }),
  z.object({
    ...named,
    outcome: z.literal('error'),
    code: z.enum(FETCH_CODES),
    refused: z.boolean().optional(),
    statusCode: statusCode.optional(),
    receivedBytes: bytes.optional(),
  }),
  /** The node itself is in trouble. */
  z.object({ ...named, outcome: z.literal('defect') }),
]);
export type NodeAnswer = z.output<typeof nodeAnswer>;

/**
 * @returns the page; null when what the node said is no answer to what was asked
 * @throws ScrapeError that the fetch ended with
 */
export function contentOf(said: unknown, { format }: NodeRequest): Content | null {
  const { data: answer } = nodeAnswer.safeParse(said);
  if (answer === undefined || answer.outcome === 'defect') return null;
  const { nodeId } = answer;
  if (answer.outcome === 'error') throw scrapeErrorTold({ ...answer, maxBytes: SCRAPE_LIMITS.maxBytes });
  if (answer.content === undefined || (format !== 'json' && typeof answer.content !== 'string')) return null;
  return { content: answer.content, statusCode: answer.statusCode, bytes: answer.bytes, nodeId };
}

const isOfFetch = (code: string): code is (typeof FETCH_CODES)[number] =>
  (FETCH_CODES as readonly string[]).includes(code);

/** How a node tells of what its fetch threw. */
export function answerOfError(nodeId: string, error: unknown): NodeAnswer {
  if (!(error instanceof ScrapeError) || !isOfFetch(error.code)) return { nodeId, outcome: 'defect' };
  const { status_code: statusCode, received_bytes: receivedBytes } = error.details;
  const refused = isRefused(error) || undefined;
  return { nodeId, outcome: 'error', code: error.code, refused, statusCode, receivedBytes };
}
