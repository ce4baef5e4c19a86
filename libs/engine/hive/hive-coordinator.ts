import {
  HiveCallError,
  type Clock,
  type HiveMetrics,
  type HiveWorkers,
  type Logger,
  type WorkerAnswer,
  type WorkerRequest,
} from '#libs/engine/ports';
import {
  brief,
  FORGET_MS,
  freeSlots,
  isFresh,
  mayRetry,
  pickWorker,
  problems,
  sessionIdOf,
  splitSessionId,
  urlProblem,
  type Heartbeat,
  type HiveProblem,
  type KnownWorker,
} from '#libs/hive';
import { CancelledError } from './within.js';

/** A worker has so much longer than its request to answer, ms. */
const ANSWER_GRACE_MS = 5000;
const DRAIN_POLL_MS = 500;
const MAX_TIMEOUT_MS = 600_000;

export interface HiveCoordinatorDeps {
  workers: HiveWorkers;
  clock: Clock;
  logger: Logger;
  metrics?: HiveMetrics | undefined;
  newRayId(): string;
}

export interface HiveCoordinatorOptions {
  /** Scopes that exist even while no worker serves them. */
  scopes: readonly string[];
  /** Of a request that names none. */
  timeoutMs: number;
}

export interface CoordinatorRequest extends Omit<WorkerRequest, 'contextId'> {
  /** `worker:context`, or the id of a context alone. */
  sessionId: string;
}

export interface CoordinatorAnswer extends WorkerAnswer {
  workerId: string;
  sessionId: string;
}

export interface ScopeFigures {
  name: string;
  totalWorkers: number;
  totalSlots: number;
  availableSlots: number;
  activeRequests: number;
  successRate: number;
}

/** Gives requests to workers that it hears of. It holds nothing that another coordinator would miss. */
export class HiveCoordinator {
  private readonly known = new Map<string, KnownWorker>();
  private readonly scopes: Set<string>;
  private active = 0;
  private total = 0;
  private draining = false;

  constructor(
    private readonly deps: HiveCoordinatorDeps,
    private readonly options: HiveCoordinatorOptions,
  ) {
    this.scopes = new Set(options.scopes);
  }

  hear(beat: Heartbeat): void {
    const { clock } = this.deps;
    this.scopes.add(beat.scope);
    const worker = this.known.get(beat.workerId);
    const ours = worker?.ours ?? 0;
    const said = { beat, heardAt: clock.monotonic(), unreachable: false, oursThen: ours };
    if (worker) Object.assign(worker, said);
    else this.known.set(beat.workerId, { ...said, ours });
    this.forget();
  }

  private forget(): void {
    const now = this.deps.clock.monotonic();
    for (const [id, { heardAt, ours }] of this.known)
      if (now - heardAt > FORGET_MS && ours === 0) this.known.delete(id);
  }

  /** Never rejects. */
  async scrape(request: CoordinatorRequest, signal: AbortSignal): Promise<CoordinatorAnswer> {
    const { clock, logger, metrics } = this.deps;
    const startedAt = clock.monotonic();
    const rayId = brief(request.rayId) || this.deps.newRayId();
    const said = { code: 'unknown', message: problems.unknown().message } as HiveProblem;
    let routed: Routed = { problem: said, attempts: 0 };
    let isGone = false;
    this.active += 1;
    this.total += 1;
    try {
      routed = await this.route({ ...request, rayId }, startedAt, signal);
    } catch (error) {
      isGone = error instanceof CancelledError;
      if (!isGone) logger.error({ err: error, rayId }, 'a request ended with an error that nobody expected');
    } finally {
      this.active -= 1;
    }
    const executionMs = Math.max(0, Math.round(clock.monotonic() - startedAt));
    const answer = answerOf(routed, rayId, executionMs);
    metrics?.routed(request.scopeName, isGone ? 'cancelled' : answer.code, executionMs, routed.attempts);
    return answer;
  }

  private async route(request: CoordinatorRequest, startedAt: number, signal: AbortSignal): Promise<Routed> {
    const { scopeName, sessionId } = request;
    if (this.draining) return { problem: problems.coordinatorTerminating(), attempts: 0 };
    if (!this.scopes.has(scopeName)) return { problem: problems.scopeNotFound(scopeName), attempts: 0 };
    const bad = urlProblem(request.url);
    if (bad) return { problem: bad, attempts: 0 };
    if (sessionId !== '') return this.back(request, startedAt, signal);
    const asked = request.timeoutSeconds > 0 ? request.timeoutSeconds * 1000 : this.options.timeoutMs;
    const timeoutMs = Math.min(asked, MAX_TIMEOUT_MS);
    const excluded = new Set<string>();
    for (let attempts = 1; ; attempts += 1) {
      const now = this.deps.clock.monotonic();
      const leftMs = timeoutMs - (now - startedAt);
      const worker = pickWorker(this.known.values(), scopeName, excluded, now);
      if (!worker) return { problem: problems.noSlots(scopeName), attempts: attempts - 1 };
      // What a client leaves to the scope is left to the worker, which knows its scope.
      const own = request.timeoutSeconds === 0 && attempts === 1;
      const routed = await this.ask(worker, { ...request, contextId: '' }, leftMs, signal, own);
      if (!mayRetry(codeOf(routed), attempts, timeoutMs - (this.deps.clock.monotonic() - startedAt)))
        return { ...routed, attempts };
      // It will not take anything any more; its next heartbeat says so, too.
      worker.beat = { ...worker.beat, draining: true };
      excluded.add(worker.beat.workerId);
    }
  }

  /** To the worker that has the session, and to no other: its cookies are nowhere else. */
  private async back(request: CoordinatorRequest, startedAt: number, signal: AbortSignal): Promise<Routed> {
    const { sessionId, scopeName } = request;
    const split = splitSessionId(sessionId);
    const contextId = split?.contextId ?? sessionId;
    const workers = [...this.known.values()].filter(({ beat }) => beat.scope === scopeName);
    const wanted = split ? workers.filter(({ beat }) => beat.workerId === split.workerId) : workers;
    const now = this.deps.clock.monotonic();
    const there = wanted.filter((worker) => isFresh(worker, now));
    const lost: Routed = { problem: problems.contextNotFound(contextId), attempts: 0 };
    // A worker that was there a moment ago may be again.
    const silent = split ? wanted[0] : undefined;
    if (there.length === 0 && silent)
      return {
        problem: problems.workerUnreachable(silent.beat.workerId),
        workerId: silent.beat.workerId,
        attempts: 0,
      };
    let found = lost;
    for (const [i, worker] of there.entries()) {
      const asked = request.timeoutSeconds > 0 ? request.timeoutSeconds * 1000 : this.options.timeoutMs;
      const leftMs = Math.min(asked, MAX_TIMEOUT_MS) - (this.deps.clock.monotonic() - startedAt);
      found = { ...(await this.ask(worker, { ...request, contextId }, leftMs, signal)), attempts: i + 1 };
      if (codeOf(found) !== 'session_not_found') return found;
    }
    return found;
  }

  private async ask(
    worker: KnownWorker,
    request: WorkerRequest,
    leftMs: number,
    signal: AbortSignal,
    ownTimeout = false,
  ): Promise<Omit<Routed, 'attempts'>> {
    const { workerId, address } = worker.beat;
    const timeoutMs = Math.max(1, leftMs) + ANSWER_GRACE_MS;
    const timeoutSeconds = ownTimeout ? 0 : Math.max(1, Math.ceil(leftMs / 1000));
    worker.ours += 1;
    try {
      const answer = await this.deps.workers.scrape(
        address,
        { ...request, timeoutSeconds },
        { timeoutMs, signal },
      );
      return { answer, workerId };
    } catch (error) {
      if (!(error instanceof HiveCallError)) throw error;
      if (error.kind === 'cancelled') throw new CancelledError();
      if (error.kind === 'timeout') return { problem: problems.workerTooSlow(workerId, timeoutMs), workerId };
      if (error.kind === 'unreachable') {
        worker.unreachable = true;
        this.deps.logger.warn(
          { workerId, rayId: request.rayId },
          'a worker of the browser service is not reachable',
        );
      }
      return { problem: problems.workerUnreachable(workerId), workerId };
    } finally {
      worker.ours -= 1;
    }
  }

  /** How many workers are heard at the moment. */
  get liveWorkers(): number {
    const now = this.deps.clock.monotonic();
    return [...this.known.values()].filter((worker) => isFresh(worker, now) && !worker.unreachable).length;
  }

  get figures(): { scopes: ScopeFigures[]; totalRequests: number; activeJobs: number } {
    const now = this.deps.clock.monotonic();
    const scopes = [...this.scopes].sort().map((name): ScopeFigures => {
      const live = [...this.known.values()].filter(
        (worker) => worker.beat.scope === name && isFresh(worker, now) && !worker.unreachable,
      );
      const sum = (of: (worker: KnownWorker) => number): number =>
        live.reduce((all, one) => all + of(one), 0);
      const requests = sum(({ beat }) => beat.totalRequests);
      return {
        name,
        totalWorkers: live.length,
        totalSlots: sum(({ beat }) => beat.slots),
        availableSlots: sum((one) => (one.beat.draining ? 0 : Math.max(0, freeSlots(one)))),
        activeRequests: sum((one) => Math.max(one.beat.active, one.ours)),
        successRate: requests === 0 ? 1 : sum(({ beat }) => beat.successRate * beat.totalRequests) / requests,
      };
    });
    return { scopes, totalRequests: this.total, activeJobs: this.active };
  }

  /** Takes nothing new, and waits for what has begun. */
  async drain(ms: number): Promise<void> {
    this.draining = true;
    const { clock } = this.deps;
    const until = clock.monotonic() + ms;
    while (this.active > 0 && clock.monotonic() < until)
      await clock.sleep(Math.min(DRAIN_POLL_MS, Math.max(1, until - clock.monotonic())));
  }
}

interface Routed {
  /** What a worker said; or why none did. */
  answer?: WorkerAnswer;
  problem?: HiveProblem;
  workerId?: string;
  attempts: number;
}

const codeOf = ({ answer, problem }: Omit<Routed, 'attempts'>): string =>
  answer?.code ?? problem?.code ?? 'unknown';

function answerOf(
  { answer, problem, workerId = '' }: Routed,
  rayId: string,
  executionMs: number,
): CoordinatorAnswer {
  const { code, message } = problem ?? problems.unknown();
  const base = answer ?? {
    ...{ code, message, statusCode: 0, content: '', headers: {}, contextId: '', render: null },
  };
  return { ...base, rayId, executionMs, workerId, sessionId: sessionIdOf(workerId, base.contextId) };
}
