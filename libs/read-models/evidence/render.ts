import { sameAsMetadata, type EvidenceKind } from './kind.js';

/** Whether a browser made the page what it is, and why; only of stages that may use one. */
export const render: EvidenceKind = {
  type: 'render',
  from: {
    PageFetched: ({ data }) => {
      if (!data.render) return null;
      const { mode, reason, ms, missing, screenshot, har } = data.render;
      return sameAsMetadata({
        mode,
        reason,
        ...(ms === undefined ? {} : { ms }),
        ...(missing === undefined ? {} : { missing }),
        ...(screenshot === undefined ? {} : { screenshotSha256: screenshot.sha256 }),
        ...(har === undefined ? {} : { harSha256: har.sha256 }),
      });
    },
    FetchFailed: 'ignored',
    PageSkipped: 'ignored',
  },
};
