import type { Failure } from './failure.js';
import { failures, type FailureCode } from './table.js';

/**
 * An error that a person or a client is meant to read. `code` survives process borders where `instanceof` does not; `field`
 * names the input that was wrong. The message never carries secrets, addresses or library text.
 */
export class SpoorError extends Error {
  constructor(
    readonly code: FailureCode,
    message: string,
    readonly details: { field?: string; hint?: string; issues?: { field: string; message: string }[] } = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'SpoorError';
  }

  get failure(): Failure {
    return failures[this.code];
  }

  get hint(): string {
    return this.details.hint ?? this.failure.hint;
  }
}
