import { shardOf, subjects } from '#libs/events';
import type { LogPurge } from '#libs/engine/ports';
import type { LogConnection } from './connection.js';
import { toSpoorError } from './errors.js';
import { leaderMessage } from './stored.js';

/** Sequences of the stream that one request goes through: the server does nothing else in the stream meanwhile. */
const STEP = 20_000;

export class JetStreamPurge implements LogPurge {
  constructor(
    private readonly connection: LogConnection,
    private readonly step = STEP,
  ) {}

  async pageFacts(jobId: string, uptoSeq: number): Promise<boolean> {
    const stream = subjects.eventStream(shardOf(jobId));
    const filter = subjects.pagesOfJob(jobId);
    try {
      const first = await leaderMessage(this.connection, stream, { seq: 1, next_by_subj: filter });
      if (!first || first.seq >= uptoSeq) return false;
      await this.purge(stream, { filter, seq: Math.min(first.seq + this.step, uptoSeq) });
      return true;
    } catch (error) {
      throw toSpoorError(error);
    }
  }

  async rest(jobId: string, uptoSeq: number): Promise<void> {
    const shard = shardOf(jobId);
    try {
      await this.purge(subjects.blobStream(shard), { filter: subjects.blobsOfJob(jobId) });
      await this.purge(subjects.eventStream(shard), { filter: subjects.jobSubject(jobId), seq: uptoSeq });
    } catch (error) {
      throw toSpoorError(error);
    }
  }

  private async purge(stream: string, request: object): Promise<void> {
    await this.connection.requests.json(`$JS.API.STREAM.PURGE.${stream}`, request);
  }
}
