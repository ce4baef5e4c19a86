import type { WorkerAnswer } from '#libs/engine/ports';
import { megabytes, type HiveProblem, type ScopeConfig } from '#libs/hive';
import type { Visit } from './page-visit.js';

/** Larger ones are left out: with the content they would not fit into a message. Bytes, and characters. */
const MAX_SCREENSHOT = 2 * 2 ** 20;
const MAX_HAR = 2 ** 20;

/** How a request ended: what was found, or what went wrong, or both. */
export interface Done extends Partial<Visit> {
  problem: HiveProblem | null;
  contextId?: string;
  screenshot?: Uint8Array;
  har?: string;
  receivedBytes?: number;
}

/** As it goes over the wire, no larger than a message may be. */
export function answerOf(
  done: Done,
  rayId: string,
  executionMs: number,
  { maxContentMb }: ScopeConfig['limits'],
): WorkerAnswer {
  const {
    problem,
    failure = '',
    document,
    content,
    contextId = '',
    screenshot,
    har,
    receivedBytes = 0,
  } = done;
  const text = cutBytes(content?.html ?? '', megabytes(maxContentMb));
  return {
    code: problem?.code ?? 'none',
    message: problem?.message ?? '',
    statusCode: document?.statusCode ?? 0,
    content: text,
    headers: document?.headers ?? {},
    executionMs,
    contextId,
    rayId,
    render: {
      finalUrl: document?.finalUrl ?? '',
      redirects: document?.redirects ?? [],
      failureCode: failure,
      screenshot: screenshot && screenshot.length <= MAX_SCREENSHOT ? screenshot : new Uint8Array(),
      har: har !== undefined && har.length <= MAX_HAR ? har : '',
      truncated: (content?.truncated ?? false) || text.length < (content?.html.length ?? 0),
      receivedBytes,
    },
  };
}

/** Well-formed text of at most so many bytes: half a surrogate is not UTF-8, and would make the whole answer unreadable. */
function cutBytes(text: string, bytes: number): string {
  const sound = text.replace(/\p{Surrogate}/gu, '\ufffd');
  const encoded = Buffer.from(sound);
  return encoded.length <= bytes
    ? sound
    : encoded
        .subarray(0, bytes)
        .toString()
        .replace(/\ufffd$/, '');
}
