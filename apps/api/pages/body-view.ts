import type { ServerResponse } from 'node:http';
import type { BodyRef } from '#libs/events';
import { sendBody } from '../routes/stored-body.js';

/**
 * A foreign page may do nothing at all: `sandbox` takes its scripts, forms, links out and its origin, also where it is opened by itself,
 * and the rest takes the network. Its own styles do no harm without either.
 */
export const BODY_CSP =
  "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'";

const IMAGES = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif']);
const TEXTS =
  /^(?:text\/|application\/(?:json|xml|javascript|xhtml\+xml|rss\+xml|atom\+xml|ld\+json|x-ndjson)$)/;

const mediaType = (contentType: string | null): string =>
  (contentType ?? '').split(';')[0]!.trim().toLowerCase();

/** How a body of this type can be looked at in a browser. */
export function shownAs(contentType: string | null): 'html' | 'image' | 'text' | 'none' {
  const type = mediaType(contentType);
  if (type === 'text/html') return 'html';
  if (IMAGES.has(type)) return 'image';
  return TEXTS.test(type) ? 'text' : 'none';
}

/** Sends a body to be looked at, as what it is or as the text that it is made of; what can be neither is sent to be kept. */
export async function showBody(
  response: ServerResponse,
  stored: Buffer,
  body: BodyRef,
  { asSource, charset, maxBytes }: { asSource: boolean; charset: string | null; maxBytes: number },
): Promise<void> {
  const view = shownAs(body.contentType);
  const isText = view === 'text' || (view === 'html' && asSource);
  const safeCharset = charset !== null && /^[a-z0-9_-]{1,40}$/i.test(charset) ? charset : 'utf-8';
  const type = isText ? 'text/plain' : mediaType(body.contentType);
  const contentType = view === 'image' ? type : `${type}; charset=${safeCharset}`;
  await sendBody(response, stored, { ...body, contentType: view === 'none' ? null : contentType }, maxBytes, {
    csp: BODY_CSP,
    isShown: view !== 'none',
  });
}
