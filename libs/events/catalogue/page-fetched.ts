import { z } from 'zod';
import { defineEvent } from '../define.js';
import {
  bodyRef,
  fetchTiming,
  item,
  pageLinks,
  pageRef,
  redirectStep,
  rendering,
  robotsVerdict,
} from '../shared-schemas.js';

/** There was a response: the one atomic commit of a page, its links, items and evidence. A 404 is fetched, too. */
export const PageFetched = defineEvent({
  type: 'PageFetched',
  family: 'page',
  bulky: ['links', 'items', 'headers'],
  data: z.object({
    ...pageRef,
    /** Attempts burned on this page up to and with this one. */
    attempt: z.int().positive(),
    statusCode: z.int(),
    finalUrl: z.string(),
    contentType: z.string().nullable(),
    /** Decoded bytes that were read; 0 when the body was not read. */
    contentLength: z.int().nonnegative(),
    /** Bytes that came over the wire, headers left out. */
    receivedBytes: z.int().nonnegative(),
    charset: z.string().nullable(),
    title: z.string().nullable(),
    h1: z.string().nullable(),
    headers: z.record(z.string(), z.string()),
    redirects: z.array(redirectStep),
    robots: robotsVerdict,
    timing: fetchTiming,
    /** null for success and for a plain 4xx; `HTTP 503 after 3 attempts` for 5xx and 429. */
    error: z.string().nullable(),
    links: pageLinks,
    items: z.array(item),
    body: bodyRef.optional(),
    /** Of stages that may use a browser. */
    render: rendering.optional(),
  }),
});
