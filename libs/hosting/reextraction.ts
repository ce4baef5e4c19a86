import { decodeBody } from '#libs/adapters/egress';
import { createPageParser } from '#libs/adapters/html';
import { newId, systemClock } from '#libs/adapters/system';
import { Reextraction, type ReextractionDeps } from '#libs/engine/reextraction';

type Stores = Pick<ReextractionDeps, 'eventLog' | 'state' | 'bodies' | 'hashKey'>;

export const createReextraction = (stores: Stores): Reextraction =>
  new Reextraction({
    ...{ ...stores, clock: systemClock, newId, parser: createPageParser() },
    decode: async (raw, { encoding, truncated }, maxBytes) =>
      (await decodeBody(raw, encoding, maxBytes, truncated ?? false, async () => undefined)).body,
  });
