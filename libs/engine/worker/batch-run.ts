import { pageKey, pageKeyOf, type JobSpec } from '#libs/events';
import { describeError } from '../describe-error.js';
import { ProxyFailedError, type Delivery, type FetchTask, type ProxyProblem } from '../ports/index.js';
import type { WorkerDeps } from './deps.js';
import { endedInHistory, type RunEnd } from './ended-runs.js';
import { failJob } from './fail-job.js';
import { hold, isPassing } from './hold.js';
import type { JobCache, KnownJob } from './job-cache.js';
import { failed, toEvent, tolerated, workerDied, type PageDraft, type PageTry } from './outcome.js';
import { runPage } from './page-task.js';
import type { Slots } from './slots.js';

/** A batch delivered so often has perhaps killed its workers. */
const SUSPICIOUS_DELIVERIES = 3;

/** Why a batch is let go of before its tasks are done: its run has ended, or this worker has to go. */
export type AbortReason = 'ended' | 'drained';

type Answer = (delivery: Delivery) => Promise<void>;
const done: Answer = (delivery) => delivery.done();
const giveBack: Answer = (delivery) => delivery.giveBack();

/** One batch of tasks, from its delivery to its acknowledgement. */
export class BatchRun {
  private readonly aborts = new Set<AbortController>();
  private readonly deliveries: Delivery[];
  private aborted: AbortReason | null = null;

  /** Of the decision that the work goes back to. */
  private traceparent: string | undefined;

  constructor(
    readonly delivery: Delivery,
    private readonly deps: WorkerDeps,
    private readonly jobs: JobCache,
    private readonly slots: Slots,
    /** Tells the worker that this batch has ended its run, before the log does. */
    private readonly onRunEnded: (jobId: string, end: RunEnd) => void,
  ) {
    this.deliveries = [delivery];
  }

  /** The same batch came again while it is worked on: it is one work, and all its deliveries end together. */
  deliveredAgain(delivery: Delivery): void {
    this.deliveries.push(delivery);
  }

  abort(reason: AbortReason): void {
    this.aborted ??= reason;
    for (const controller of this.aborts) controller.abort();
  }

  async work(): Promise<void> {
    try {
      await this.workTasks();
    } catch (error) {
      // Handed back, it would come again at once, for ever, and each time count as a death of its worker. Let go of without a word,
      // its pages are open: the coordinator looks for them in the log and releases what it does not find, in its own time.
      if (!this.aborted) {
        this.deps.logger.error(
          { ...this.about, error: describeError(error) },
          'a batch was let go of; it will be released again',
        );
        return this.answer(done);
      }
    }
    if (this.aborted === 'drained') return this.answer(this.answerOfDrained());
    this.deps.failPoint?.('before_ack');
    await this.answer(done);
  }

  /**
   * Every handing back counts as a delivery, and deliveries are how pages that kill workers are found. So a batch that came
   * before is let go of without a word: its pages stay open, and the coordinator releases them anew.
   */
  private answerOfDrained(): Answer {
    return this.deliveries.every(({ deliveries }) => deliveries === 1) ? giveBack : done;
  }

  private async workTasks(): Promise<void> {
    const { delivery } = this;
    const job = await this.guarded((signal) =>
      hold(() => this.jobs.at(delivery.jobId, delivery.jobSeq), this.deps, signal, isPassing),
    );
    this.traceparent = job?.traceparent;
    if (!job || endedInHistory(job.state, delivery) || !job.state) return;
    const { spec } = job.state;
    const open = await this.openTasks();
    if (delivery.deliveries >= SUSPICIOUS_DELIVERIES) {
      const suspect = open.shift();
      const died = (page: PageTry): PageDraft => workerDied(page, spec.retry, this.deps.random());
      if (suspect) await this.record(this.tryOf(suspect), () => died(this.tryOf(suspect)), job);
    }
    // After a death the tasks run one after another, so that the next delivery shows which one was the cause.
    if (delivery.deliveries > 1) for (const task of open) await this.task(task, spec, job);
    else await allOf(open.map((task) => this.task(task, spec, job)));
  }

  /**
   * The pages of the batch that nothing was recorded of since it was released, of whatever try: a batch that a server brings back
   * after its run has ended may name a page that a later run has an outcome of. A first delivery that no server has seen lost
   * needs no look.
   */
  private async openTasks(): Promise<FetchTask[]> {
    const { delivery, deps } = this;
    if (delivery.deliveries === 1 && !delivery.olderThanConnection) return [...delivery.tasks];
    const ids = await this.guarded((signal) =>
      hold(() => deps.eventLog.pageEventIds(delivery.jobId, delivery.logSeq + 1), deps, signal, isPassing),
    );
    if (!ids) return [];
    const recorded = new Set([...ids].map(pageKeyOf));
    return delivery.tasks.filter(({ url }) => !recorded.has(pageKey(url)));
  }

  private async task(task: FetchTask, spec: JobSpec, job: KnownJob): Promise<void> {
    const page = this.tryOf(task);
    await this.slots.use(async () => {
      if (this.aborted) return;
      await this.record(page, (signal) => runPage(page, spec, this.deps, signal), job);
    });
  }

  /** Finds out what happened and writes it to the log, or leaves the page open when the batch is aborted. */
  private async record(
    page: PageTry,
    outcome: (signal: AbortSignal) => PageDraft | Promise<PageDraft>,
    job: KnownJob,
  ): Promise<void> {
    await this.guarded(async (signal) => {
      const found = await this.orDefect(page, () => outcome(signal), signal);
      const draft =
        found instanceof ProxyFailedError ? await this.bear(page, found.problem, job, signal) : found;
      if (draft === null) return;
      try {
        await this.publish(page, draft, job, signal);
      } catch (error) {
        if (signal.aborted) throw error;
        await this.publish(page, this.defect(page, error), job, signal);
      }
    });
  }

  private async publish(page: PageTry, draft: PageDraft, job: KnownJob, signal: AbortSignal): Promise<void> {
    const event = toEvent(page, draft, this.deps.clock.now(), job);
    await hold(() => this.deps.eventLog.publishPage(event), this.deps, signal, isPassing);
    if (draft.type === 'FetchRetried') this.deps.metrics?.pageRetried(draft.data.code);
    this.deps.failPoint?.('after_publish');
  }

  /** What a proxy failure means: another try while the job tolerates it, else the end of the run and no word of the page. */
  private async bear(
    page: PageTry,
    problem: ProxyProblem,
    job: KnownJob,
    signal: AbortSignal,
  ): Promise<PageDraft | null> {
    this.deps.metrics?.proxyFailed(problem.code);
    const spec = job.state?.spec;
    if (spec?.proxy && spec.proxy.tolerance > 0) return tolerated(page, problem, spec.retry);
    const { jobId, run } = page.batch;
    if (await failJob(page, problem, job, this.deps, signal)) this.onRunEnded(jobId, { run, generation: 0 });
    return null;
  }

  /** A defect of ours ends this page with a word in the log, instead of going round for ever. */
  private async orDefect(
    page: PageTry,
    outcome: () => PageDraft | Promise<PageDraft>,
    signal: AbortSignal,
  ): Promise<PageDraft | ProxyFailedError> {
    try {
      return await outcome();
    } catch (error) {
      if (signal.aborted) throw error;
      if (error instanceof ProxyFailedError) return error;
      return this.defect(page, error);
    }
  }

  private defect(page: PageTry, error: unknown): PageDraft {
    this.deps.logger.error(
      { ...this.about, url: page.task.url, error: describeError(error) },
      'a page could not be worked on',
    );
    return failed(page, { code: 'internal', message: 'An error of the engine' });
  }

  /** Runs a step that an abort ends; undefined then. */
  private async guarded<T>(step: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    if (this.aborted) return undefined;
    const controller = new AbortController();
    this.aborts.add(controller);
    try {
      return await step(controller.signal);
    } catch (error) {
      if (controller.signal.aborted) return undefined;
      throw error;
    } finally {
      this.aborts.delete(controller);
    }
  }

  /** Names the work in logs. */
  private get about(): { jobId: string; run: number; seq: number; traceparent?: string } {
    const { jobId, run, seq } = this.delivery;
    return { jobId, run, seq, ...(this.traceparent === undefined ? {} : { traceparent: this.traceparent }) };
  }

  private tryOf(task: FetchTask): PageTry {
    return { batch: this.delivery, task };
  }

  private async answer(send: Answer): Promise<void> {
    try {
      await Promise.all(this.deliveries.map(send));
    } catch (error) {
      this.deps.logger.warn(
        { ...this.about, error: describeError(error) },
        'a batch could not be acknowledged; it will come again',
      );
    }
  }
}

/** Waits for all, also when one fails: none may go on after its batch was answered. */
async function allOf(work: Promise<void>[]): Promise<void> {
  const failure = (await Promise.allSettled(work)).find((result) => result.status === 'rejected');
  if (failure) throw failure.reason;
}
