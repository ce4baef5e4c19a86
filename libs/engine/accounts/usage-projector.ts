import { usageOf } from '#libs/accounts';
import { describeError } from '../describe-error.js';
import {
  StaleCheckpointError,
  type AccountLog,
  type Clock,
  type Logger,
  type Position,
  type UsageStore,
} from '../ports/index.js';

export interface UsageProjectorDeps {
  log: () => Promise<AccountLog>;
  store: () => Promise<UsageStore>;
  clock: Pick<Clock, 'sleep'>;
  logger: Logger;
}

const AGAIN_MS = 1000;
/** What comes in the meantime is counted in one transaction: one for each scrape cost Postgres more than the scrape's own limits. */
const GATHER_MS = 500;

/** Keeps the usage of callers up to date with the account log; any number may run, each commit moves one checkpoint. */
export class UsageProjector {
  constructor(private readonly deps: UsageProjectorDeps) {}

  /** Until `signal` fires. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.follow(signal);
      } catch (error) {
        if (signal.aborted) return;
        const { logger } = this.deps;
        if (error instanceof StaleCheckpointError) logger.debug({}, 'another process counts usage, too');
        else logger.warn({ error: describeError(error) }, 'usage is not counted at the moment; trying again');
      }
      await this.deps.clock.sleep(AGAIN_MS, signal).catch(() => undefined);
    }
  }

  /** Up to what the log holds now, unless another process is at it. */
  async catchUp(): Promise<void> {
    try {
      await this.follow();
    } catch (error) {
      if (!(error instanceof StaleCheckpointError)) throw error;
    }
  }

  /** @param signal until it fires; without one, to the end of the log as it is now */
  private async follow(signal?: AbortSignal): Promise<void> {
    const [log, store] = [await this.deps.log(), await this.deps.store()];
    const identity = await log.identity();
    let at = await store.position();
    let forget = at !== null && !(await isOf(log, identity, at));
    if (forget)
      this.deps.logger.error({}, 'the account log is not the one that was counted: usage is counted anew');
    const fromSeq = at === null || forget ? 1 : at.seq + 1;
    for await (const { events, upTo, caughtUp } of log.read({
      fromSeq,
      ...(signal ? { follow: true, signal } : {}),
    })) {
      const last = events.at(-1);
      if (!last && at !== null && !forget) continue;
      const next: Position = { stream: identity, seq: last?.seq ?? upTo, eventId: last?.id ?? null };
      await store.add(usageOf(events), { expected: at, next, forget });
      at = next;
      forget = false;
      if (signal && caughtUp) await this.deps.clock.sleep(GATHER_MS, signal);
    }
  }
}

const isOf = async (log: AccountLog, identity: string, at: Position): Promise<boolean> =>
  at.stream === identity && (at.eventId === null || (await log.idAt(at.seq)) === at.eventId);
