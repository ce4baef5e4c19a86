import type { RenderReport, RenderWish, WorkerAnswer, WorkerRequest } from '#libs/engine/ports';
import { hiveCodeOf, hiveCodes } from '#libs/hive';

// Messages as the loader makes them: names in camel case, absent fields with their defaults, 64 bits as numbers.

export interface WireRedirect {
  url: string;
  statusCode: number;
  location: string;
}

export interface WireRenderResult extends Omit<RenderReport, 'redirects'> {
  redirects: WireRedirect[];
}

export interface WirePage {
  url: string;
  timeoutSeconds: number;
  waitStrategy: string;
  waitTimeoutMs: number;
  waitSelector: string;
  skipSelector: string;
  rayId: string;
  countryCode: string;
  scopeName: string;
  contextId: string;
  render?: Partial<RenderWish> | null;
}

export interface WireAnswer {
  success: boolean;
  statusCode: number;
  content: string;
  errorMessage: string;
  errorCode: number;
  responseHeaders: Record<string, string>;
  executionTimeMs: number;
  contextId: string;
  rayId: string;
  render?: WireRenderResult | null;
}

const wishOf = (render: WirePage['render']): RenderWish | null =>
  render
    ? {
        jobId: render.jobId ?? '',
        proxyJson: render.proxyJson ?? '',
        screenshot: render.screenshot ?? false,
        har: render.har ?? false,
        maxContentBytes: render.maxContentBytes ?? 0,
        userAgent: render.userAgent ?? '',
        proxySession: render.proxySession ?? '',
        contentAnyway: render.contentAnyway ?? false,
      }
    : null;

export const requestOf = ({ render, ...page }: WirePage): WorkerRequest => ({
  ...page,
  render: wishOf(render),
});

/** @param withRender the caller asked for what only the engine uses */
export const toWire = (answer: WorkerAnswer, withRender: boolean): WireAnswer => ({
  success: answer.code === 'none',
  statusCode: answer.statusCode,
  content: answer.content,
  errorMessage: answer.message,
  errorCode: hiveCodes[answer.code].value,
  responseHeaders: answer.headers,
  executionTimeMs: answer.executionMs,
  contextId: answer.contextId,
  rayId: answer.rayId,
  ...(withRender && answer.render ? { render: answer.render } : {}),
});

export const fromWire = (wire: WireAnswer): WorkerAnswer => ({
  code: hiveCodeOf(wire.errorCode),
  message: wire.errorMessage,
  statusCode: wire.statusCode,
  content: wire.content,
  headers: wire.responseHeaders,
  executionMs: wire.executionTimeMs,
  contextId: wire.contextId,
  rayId: wire.rayId,
  render: wire.render ?? null,
});
