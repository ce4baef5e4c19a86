import type { BrowserSpec } from '#libs/events';
import type { FetchProblem, FetchRequest, FetchedResponse } from './fetcher.js';

/** `readBody` is no question: a page that may not be read is not rendered. */
export interface RenderRequest extends Omit<FetchRequest, 'readBody'> {
  jobId: string;
  how: BrowserSpec;
  /** CSS selector that the page is waited for to have. */
  waitFor?: string | undefined;
}

export interface RenderedPage extends FetchedResponse {
  /** Of the browser, ms. */
  ms: number;
  /** Which wait ended without what it was for; null: everything came. */
  missing: 'complete' | 'selector' | null;
  /** PNG. */
  screenshot: Buffer | null;
  /** HAR 1.2 as JSON. */
  har: Buffer | null;
}

/** Nothing that a browser shows as a page: a download, or another type than HTML. */
export interface NoPage {
  ok: null;
  receivedBytes: number;
}

export type RenderOutcome = RenderedPage | FetchProblem | NoPage;

/**
 * Pages as a browser shows them, by the rules of `Fetcher`.
 * @throws SpoorError browser_unavailable when the browser service cannot take the page now: that says nothing of the page
 */
export interface Renderer {
  render(request: RenderRequest): Promise<RenderOutcome>;
}
