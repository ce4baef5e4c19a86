import { destination, pino, type DestinationStream, type Logger } from 'pino';
import { scrub, scrubLine } from './scrub.js';

export interface LoggerOptions {
  /** Default SPOOR_LOG_LEVEL, or info. */
  level?: string;
  /** Default stderr: stdout belongs to results. */
  stream?: DestinationStream;
  /** Said with every line: what is being done when it is written, such as a trace. */
  context?: () => object;
}

/** A logger of JSON lines. Secrets cannot get in: fields and messages pass through `scrub` on their way. */
export function createLogger(name: string, options: LoggerOptions = {}): Logger {
  const level = options.level ?? (process.env.SPOOR_LOG_LEVEL || 'info');
  return pino(
    {
      name,
      level,
      base: { pid: process.pid },
      ...(options.context ? { mixin: options.context } : {}),
      timestamp: pino.stdTimeFunctions.isoTime,
      // Pino's own error serializer would put stacks and library fields back in.
      serializers: { err: (value: unknown) => scrub(value) },
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => scrub(fields) as Record<string, unknown>,
      },
      // The last word: also on what pino itself makes of an error, of %s in a message, or of a child's bindings.
      hooks: { streamWrite: scrubLine },
    },
    options.stream ?? destination({ dest: 2, sync: true }),
  );
}
