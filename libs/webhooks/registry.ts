import { randomUUID } from 'node:crypto';
import { RevisionConflictError, type LogReader, type Revisions } from '#libs/adapters/jetstream/reading';
import type { TargetCheck } from '#libs/engine/ports';
import { canonicalUrl, subjects } from '#libs/events';
import { SpoorError } from '#libs/failures';
import { newSecret, type SecretBox } from './signature.js';
import {
  viewOf,
  webhookRecord,
  type RedeliverInput,
  type WebhookInput,
  type WebhookRecord,
  type WebhookView,
} from './webhook.js';

/** Registered webhooks: configuration, kept in a KV bucket beside the log. */
export class WebhookRegistry {
  private constructor(
    private readonly bucket: Revisions,
    private readonly reader: LogReader,
    private readonly box: SecretBox,
    private readonly targets: TargetCheck,
  ) {}

  static async open(reader: LogReader, box: SecretBox, targets: TargetCheck): Promise<WebhookRegistry> {
    return new WebhookRegistry(await reader.revisions(subjects.WEBHOOK_BUCKET), reader, box, targets);
  }

  /** @throws SpoorError invalid_request that names the field */
  async register(input: WebhookInput): Promise<WebhookView & { secret: string }> {
    const url = canonicalUrl(input.url);
    if (url === null) throw invalid('url', 'is no http(s) URL without credentials');
    if (!(await this.targets.admits(url, AbortSignal.timeout(10_000))))
      throw invalid('url', 'leads to an address that is not public');
    const id = `wh-${randomUUID()}`;
    const secret = newSecret();
    const record: WebhookRecord = {
      ...{ id, url, types: input.types ?? null, jobs: input.jobs ?? null, from: input.from },
      ...{ epoch: 1, askedAt: null, again: {} },
      ...{ createdAt: new Date().toISOString(), status: 'active', reason: null, failingSince: null },
      sealed: this.box.seal(secret, id),
    };
    await this.bucket.put(id, record, 0);
    return { ...viewOf(record), secret };
  }

  async all(): Promise<WebhookRecord[]> {
    const found = await Promise.all((await this.bucket.keys()).map((key) => this.bucket.get(key)));
    return found.flatMap((entry) => (entry?.value == null ? [] : [webhookRecord.parse(entry.value)]));
  }

  /** @throws SpoorError not_found */
  async get(id: string): Promise<WebhookRecord> {
    return (await this.entry(id)).record;
  }

  async remove(id: string): Promise<void> {
    await this.entry(id);
    await this.bucket.remove(id);
  }

  /**
   * Active again and at once: from a sequence of a shard on, or from where it stood.
   * @throws SpoorError not_found; invalid_request with the field
   */
  async redeliver(id: string, { fromSeq, shard }: RedeliverInput = {}): Promise<WebhookRecord> {
    const of = fromSeq === undefined ? null : await this.shardOf(shard);
    if (fromSeq === undefined && shard !== undefined)
      throw invalid('fromSeq', 'must be given where a shard is named');
    return this.change(id, (record) => {
      const epoch = record.epoch + 1;
      const active = { status: 'active' as const, reason: null, failingSince: null };
      const again = of === null ? record.again : { ...record.again, [of]: { epoch, fromSeq: fromSeq! } };
      return { ...record, ...active, epoch, again, askedAt: new Date().toISOString() };
    });
  }

  private async shardOf(shard: number | undefined): Promise<number> {
    const shards = await this.reader.shards();
    if (shard === undefined && shards.length > 1)
      throw invalid('shard', `must be given: sequences count within each of the ${shards.length} shards`);
    if (shard === undefined || shards.includes(shard)) return shard ?? 0;
    throw invalid('shard', `there are ${shards.length}, counted from 0`);
  }

  /** @throws SpoorError not_found */
  async change(id: string, change: (record: WebhookRecord) => WebhookRecord): Promise<WebhookRecord> {
    for (;;) {
      const { record, revision } = await this.entry(id);
      const next = change(record);
      try {
        await this.bucket.put(id, next, revision);
        return next;
      } catch (error) {
        if (!(error instanceof RevisionConflictError)) throw error;
      }
    }
  }

  secretOf(record: WebhookRecord): string | null {
    return this.box.open(record.sealed, record.id);
  }

  private async entry(id: string): Promise<{ record: WebhookRecord; revision: number }> {
    const found = /^wh-[0-9a-f-]{36}$/.test(id) ? await this.bucket.get(id) : null;
    if (found?.value == null) throw new SpoorError('not_found', 'There is no webhook of this id.');
    return { record: webhookRecord.parse(found.value), revision: found.revision };
  }
}

const invalid = (field: string, problem: string): SpoorError =>
  new SpoorError('invalid_request', `${field}: ${problem}`, { field });
