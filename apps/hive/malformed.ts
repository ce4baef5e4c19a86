import type { PackageDefinition } from '@grpc/proto-loader';

const MALFORMED = Symbol('malformed');

export const isMalformed = (message: object): boolean => MALFORMED in message;

/**
 * Bytes that are no message would end a call as INTERNAL before any code of ours sees it. They become a message that says so, which
 * is answered like all others.
 */
export function tolerateMalformed(definition: PackageDefinition): void {
  for (const [name, service] of Object.entries(definition)) {
    if ('format' in service || !name.startsWith('scraper.')) continue;
    for (const method of Object.values(service)) {
      const read = method.requestDeserialize;
      method.requestDeserialize = (bytes: Buffer) => {
        try {
          return read(bytes);
        } catch {
          return { [MALFORMED]: true };
        }
      };
    }
  }
}
