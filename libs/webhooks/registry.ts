import { randomUUID } from 'node:crypto';
import { RevisionConflictError, type LogReader, type Revisions } from '#libs/adapters/jetstream/reading';
import type { TargetCheck } from '#libs/engine/ports';
import { canonicalUrl, subjects } from '#libs/events';
import { SpoorError } from '#libs/failures';
import { newSecret, type SecretBox } from './signature.js';
import { viewOf, webhookRecord, type WebhookInput, type WebhookRecord, type WebhookView } from './webhook.js';

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
      ...{ id, url, types: input.types ?? null, jobs: input.jobs ?? null, from: input.from, epoch: 1 },
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

  /** Active again, from `fromSeq` on, or from where it stood. @throws SpoorError invalid_request, not_found */
  async redeliver(id: string, fromSeq?: number): Promise<WebhookRecord> {
    if (fromSeq !== undefined && (await this.reader.shards()).length > 1)
      throw invalid('fromSeq', 'can be given only where the log has one shard');
    return this.change(id, (record) => ({
      ...record,
      ...{ status: 'active', reason: null, failingSince: null },
      ...(fromSeq !== undefined && { from: fromSeq, epoch: record.epoch + 1 }),
    }));
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
