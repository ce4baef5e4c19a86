import { Kvm, type KV } from '@nats-io/kv';
import { subjects } from '#libs/events';
import type { Lease } from '#libs/engine/ports';
import { unavailable } from './errors.js';
import type { LogConnection } from './connection.js';

/** Leases in a bucket whose entries the server forgets when their holder does not renew them. */
export class KvLease implements Lease {
  private constructor(private readonly bucket: KV) {}

  static async open(connection: LogConnection, ttlMs: number, replicas: number): Promise<KvLease> {
    try {
      const options = { ttl: ttlMs, history: 1, replicas };
      return new KvLease(await new Kvm(connection.nc).create(subjects.LEASE_BUCKET, options));
    } catch (error) {
      throw unavailable(`the bucket ${subjects.LEASE_BUCKET} could not be made`, error);
    }
  }

  async hold(name: string, holder: string): Promise<boolean> {
    return this.attempt(async () => {
      const entry = await this.bucket.get(name);
      if (!entry || entry.operation !== 'PUT') {
        await this.bucket.create(name, holder);
        return true;
      }
      if (entry.string() !== holder) return false;
      await this.bucket.update(name, holder, entry.revision);
      return true;
    });
  }

  async release(name: string, holder: string): Promise<void> {
    await this.attempt(async () => {
      const entry = await this.bucket.get(name);
      if (entry?.operation !== 'PUT' || entry.string() !== holder) return false;
      await this.bucket.delete(name, { previousSeq: entry.revision });
      return true;
    });
  }

  async holder(name: string): Promise<string | null> {
    try {
      const entry = await this.bucket.get(name);
      return entry?.operation === 'PUT' ? entry.string() : null;
    } catch (error) {
      throw unavailable('NATS does not answer', error);
    }
  }

  /** False when another one was first. @throws SpoorError store_unavailable */
  private async attempt(work: () => Promise<boolean>): Promise<boolean> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof Error && /wrong last sequence|key exists/i.test(error.message)) return false;
      throw unavailable('NATS does not answer', error);
    }
  }
}
