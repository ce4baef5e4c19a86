import { fetchError } from './fetch-error.js';
import { fetchTiming } from './fetch-timing.js';
import { httpHeaders } from './http-headers.js';
import { httpResponse } from './http-response.js';
import type { EvidenceKind } from './kind.js';
import { redirectChain } from './redirect-chain.js';
import { render } from './render.js';
import { robotsCheck } from './robots-check.js';

/** Every kind of evidence there is. A new one is one file beside the others and one line here. */
export const evidenceKinds = [
  fetchError,
  httpResponse,
  redirectChain,
  robotsCheck,
  httpHeaders,
  fetchTiming,
  render,
] as const satisfies readonly EvidenceKind[];
