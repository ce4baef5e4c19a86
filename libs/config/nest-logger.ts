import type { LoggerService } from '@nestjs/common';
import type { Logger } from 'pino';

/** Nest's own messages through the engine's logger; stacks are kept for the level `debug`. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.logger.info(this.context(rest), this.text(message));
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.logger.error(this.context(rest), this.text(message));
    if (rest.length > 1) this.logger.debug({ stack: String(rest[0]) }, 'stack of the error before');
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.logger.warn(this.context(rest), this.text(message));
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.logger.debug(this.context(rest), this.text(message));
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.logger.trace(this.context(rest), this.text(message));
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.logger.fatal(this.context(rest), this.text(message));
  }

  private text(message: unknown): string {
    return message instanceof Error ? message.message : String(message);
  }

  /** Nest hands over the name of the class as the last argument. */
  private context(rest: unknown[]): { context?: string } {
    const last = rest.at(-1);
    return typeof last === 'string' && !last.includes('\n') ? { context: last } : {};
  }
}
