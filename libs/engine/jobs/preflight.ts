import type { JobSpec } from '#libs/events';
import { SpoorError } from '#libs/failures';
import type { ProxyCheck, ProxyProblem } from '#libs/engine/ports';

/**
 * Tries the way that the job's next request would take. Null when there is nothing to try.
 * @param url the next page; null when there is none
 */
export async function preflight(
  proxyCheck: ProxyCheck | undefined,
  jobId: string,
  { proxy }: JobSpec,
  url: string | null,
): Promise<{ ok: true; ms: number } | ProxyProblem | null> {
  if (!proxy || url === null) return null;
  if (!proxyCheck) throw new SpoorError('internal', `The proxy of job ${jobId} cannot be tried here.`);
  return proxyCheck.check(jobId, proxy, url);
}

const sentence = (text: string): string => `${text.trim().replace(/[.\s]+$/, '')}.`;

/** @param refusal what does not happen: `Job … was not resumed` */
export function refusedBy({ code, message, vendorText, hint }: ProxyProblem, refusal: string): SpoorError {
  const said =
    vendorText && !message.includes(vendorText) ? ` ${sentence(`The proxy says: ${vendorText}`)}` : '';
  return new SpoorError(code, `${refusal}: ${sentence(message)}${said}`, { hint });
}
