import { isUnreadable, type ExtractedItem, type StoredEvent } from '#libs/events';
import type { Extraction } from '#libs/job';
import type { EventLog } from '#libs/engine/ports';

type Reextracted = StoredEvent<'ItemsReextracted'>;
const keyOf = ({ url, generation, run, try: tryNo }: Reextracted['data']): string =>
  `${generation} ${run} ${tryNo} ${url}`;

/**
 * The items that are shown of pages now, asked for in about the order in which they were extracted: read beside the pages, and what was
 * read and not asked for yet is kept, which is little.
 */
export class ItemsOfVersion {
  private readonly waiting = new Map<string, ExtractedItem[]>();
  private readonly facts: AsyncIterator<Reextracted> | null;

  constructor(
    eventLog: Pick<EventLog, 'readJob'>,
    jobId: string,
    private readonly extraction: Extraction,
  ) {
    this.facts = extraction.version === 1 ? null : factsOf(eventLog, jobId, extraction.version);
  }

  async of(event: StoredEvent<'PageFetched'>): Promise<ExtractedItem[]> {
    // What was fetched since that version was whole was extracted by its rules.
    if (!this.facts || event.seq > this.extraction.seq) return event.data.items;
    const { url, generation, run, try: tryNo } = event.data;
    const wanted = `${generation} ${run} ${tryNo} ${url}`;
    for (;;) {
      const found = this.waiting.get(wanted);
      if (found) {
        this.waiting.delete(wanted);
        return found;
      }
      const next = await this.facts.next();
      if (next.done) return [];
      this.waiting.set(keyOf(next.value.data), next.value.data.items);
    }
  }
}

async function* factsOf(
  eventLog: Pick<EventLog, 'readJob'>,
  jobId: string,
  version: number,
): AsyncGenerator<Reextracted> {
  for await (const { entries } of eventLog.readJob(jobId, { type: 'ItemsReextracted' }))
    for (const entry of entries)
      if (!isUnreadable(entry) && entry.type === 'ItemsReextracted' && entry.data.version === version)
        yield entry;
}
