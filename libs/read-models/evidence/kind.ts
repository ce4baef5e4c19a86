import type { OutcomeEvent, OutcomeType } from '../outcome.js';

export interface EvidenceContent {
  content: string;
  metadata: Record<string, unknown>;
}

/** What one kind of evidence makes of each outcome; a new outcome breaks the build until each kind has placed it. */
export interface EvidenceKind {
  readonly type: string;
  readonly from: {
    readonly [T in OutcomeType]: ((event: OutcomeEvent<T>) => EvidenceContent | null) | 'ignored';
  };
}

/** Kinds whose content is their metadata as text. */
export const sameAsMetadata = (metadata: Record<string, unknown>): EvidenceContent => ({
  content: JSON.stringify(metadata),
  metadata,
});
