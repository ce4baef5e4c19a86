import {
  itemsEventId,
  type BodyRef,
  type ExtractedItem,
  type ExtractionRules,
  type JobSpec,
  type NewPageEvent,
  type StoredEvent,
} from '#libs/events';
import { SpoorError } from '#libs/failures';
import {
  decide,
  ItemsDiff,
  resolveRules,
  withRules,
  type HashKey,
  type ItemsReport,
  type JobCommand,
  type JobState,
} from '#libs/job';
import { ConflictError, type Bodies, type Clock, type EventLog, type PageParser } from '#libs/engine/ports';
import { appendDecision } from '../jobs/append-decision.js';
import { PageNames, type NamedPages } from '../named-pages.js';
import { ItemsOfVersion } from './items-of-version.js';
import { fetchedInForce } from '../pages/fetched-in-force.js';

export interface ReextractionDeps {
  eventLog: EventLog;
  /** Null when there is no such job. */
  state(jobId: string): Promise<JobState | null>;
  clock: Pick<Clock, 'now'>;
  hashKey: HashKey;
  newId: () => string;
  bodies: Pick<Bodies, 'get'>;
  parser: PageParser;
  /** A stored body without its coding, up to `maxBytes`. */
  decode(raw: Buffer, body: BodyRef, maxBytes: number): Promise<Buffer>;
}

export interface ReextractOptions {
  /** Stages, or a job spec with stages, as a person wrote them. */
  stages: unknown;
  /** Say what would change, and change nothing. */
  dryRun?: boolean;
  reason?: string | undefined;
  onProgress?: ((pages: number) => void) | undefined;
}

export interface ReextractReport extends ItemsReport {
  jobId: string;
  dryRun: boolean;
  /** The version that was written, or would be. */
  version: number;
  /** These are the rules of `version`, and they give its very items: nothing was written, nor would be. */
  unchanged: boolean;
  /** Pages of which this version has nothing, by why, and the first of them. */
  withoutBody: NamedPages;
  unreadable: NamedPages;
}

/**
 * Extracts a job's items anew from the bodies that it keeps: nothing is fetched. Each page is one fact under an id that follows from
 * version and page, so what was interrupted is gone on behind; the version is shown when it is whole.
 */
export class Reextraction {
  constructor(private readonly deps: ReextractionDeps) {}

  /** @throws SpoorError job_not_found, invalid_request with the field, impossible_transition, conflict */
  async run(jobId: string, options: ReextractOptions): Promise<ReextractReport> {
    const { dryRun = false, reason, stages } = options;
    const { newId, eventLog } = this.deps;
    let state = await this.stateOf(jobId);
    // Of a tombstone there are no stages that could be named.
    if (state.status === 'removed')
      throw new SpoorError(
        'impossible_transition',
        `Items of job ${jobId} cannot be extracted: it was removed.`,
      );
    const rules = resolveRules(stages, state.spec);
    // Whether the job takes it at all comes before what it would be.
    decide(jobId, state, { type: 'start-reextraction', commandId: '', rules });
    if (areInForce(rules, state)) {
      const same = await this.compared(jobId, state, rules, options.onProgress);
      if (same.unchanged) return { ...same, dryRun };
    }
    if (!dryRun && !isSame(state.extraction.pending?.rules, rules)) {
      await this.append(jobId, state, { type: 'start-reextraction', commandId: newId(), reason, rules });
      state = await this.stateOf(jobId);
    }
    const { extraction } = state;
    const version = dryRun ? nextVersion(state, rules) : extraction.pending!.version;
    const written = dryRun ? new Set<string>() : await eventLog.pageEventIds(jobId, 0);
    const report = await this.extract(jobId, state, rules, { version, written, dryRun }, options.onProgress);
    if (dryRun) return report;
    const counts = {
      pages: report.pages.compared,
      items: report.items.after,
      withoutBody: report.withoutBody.pages + report.unreadable.pages,
    };
    await this.append(jobId, state, { type: 'complete-reextraction', commandId: newId(), reason, counts });
    return report;
  }

  /** By the rules in force: only another version of this code can find anything else. */
  private async compared(
    jobId: string,
    state: JobState,
    rules: ExtractionRules,
    onProgress?: (pages: number) => void,
  ): Promise<ReextractReport> {
    const { version } = state.extraction;
    const nothing = { version, written: new Set<string>(), dryRun: true };
    const report = await this.extract(jobId, state, rules, nothing, onProgress);
    const { added, changed, removed } = report.items;
    return { ...report, unchanged: added + changed + removed === 0 };
  }

  private async extract(
    jobId: string,
    state: JobState,
    rules: ExtractionRules,
    { version, written, dryRun }: { version: number; written: ReadonlySet<string>; dryRun: boolean },
    onProgress?: (pages: number) => void,
  ): Promise<ReextractReport> {
    const { eventLog, hashKey } = this.deps;
    const spec = withRules(state.spec, rules);
    const before = new ItemsOfVersion(eventLog, jobId, state.extraction);
    const diff = new ItemsDiff();
    const withoutBody = new PageNames();
    const unreadable = new PageNames();
    let pages = 0;
    for await (const event of fetchedInForce(eventLog, jobId, hashKey)) {
      const old = await before.of(event);
      if (!isRead(event, state.spec, spec)) continue;
      onProgress?.(++pages);
      const items = await this.itemsOf(event, spec);
      if (items === 'no body') withoutBody.add(event.data.url);
      else if (items === 'unreadable') unreadable.add(event.data.url);
      else {
        diff.add(event.data.url, old, items);
        const fact = factOf(event, version, items, this.deps.clock.now());
        if (!dryRun && !written.has(fact.id)) await eventLog.publishPage(fact, { alone: true });
      }
    }
    if (diff.report().pages.compared === 0 && withoutBody.result.pages > 0)
      throw new SpoorError('impossible_transition', `Job ${jobId} keeps no body that could be read again.`, {
        hint: `Fetch the pages again: spoor job retry ${jobId} --outcome fetched.`,
      });
    const report = { jobId, dryRun, version, unchanged: false, ...diff.report() };
    return { ...report, withoutBody: withoutBody.result, unreadable: unreadable.result };
  }

  private async itemsOf(
    { jobId, data }: StoredEvent<'PageFetched'>,
    spec: JobSpec,
  ): Promise<ExtractedItem[] | 'no body' | 'unreadable'> {
    const { body, stage, depth, finalUrl, contentType } = data;
    const raw = body ? await this.deps.bodies.get(jobId, body.sha256) : null;
    // Nothing was there to be kept.
    if (!body && data.contentLength === 0) return [];
    if (!body || !raw) return 'no body';
    try {
      const decoded = await this.deps.decode(raw, body, spec.limits.maxBodyBytes);
      return this.deps.parser.parse({ spec, stage, depth, finalUrl, contentType, body: decoded }).items;
    } catch {
      return 'unreadable';
    }
  }

  private async stateOf(jobId: string): Promise<JobState> {
    const state = await this.deps.state(jobId);
    if (!state) throw new SpoorError('job_not_found', `There is no job ${jobId}.`, { field: 'jobId' });
    return state;
  }

  private async append(jobId: string, state: JobState, command: JobCommand): Promise<void> {
    try {
      await appendDecision(this.deps, jobId, state, command);
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      throw new SpoorError('conflict', `Job ${jobId} was changed meanwhile; its items are shown as before.`, {
        hint: 'Repeat it when the job rests: what is done already is not done again.',
      });
    }
  }
}

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** Whether the items that are shown come from these very rules, and no other version is under way. */
const areInForce = (rules: ExtractionRules, { spec, extraction }: JobState): boolean =>
  extraction.pending === null &&
  rules.every(({ name, items, fields }) => {
    const stage = spec.stages.find((one) => one.name === name);
    return isSame(stage && [stage.items, stage.fields], [items, fields]);
  });

function nextVersion({ extraction: { version, pending } }: JobState, rules: ExtractionRules): number {
  if (pending && isSame(pending.rules, rules)) return pending.version;
  return Math.max(version, pending?.version ?? 0) + 1;
}

/** A page that the worker would have extracted from, by the rules of then or of now. */
function isRead({ data }: StoredEvent<'PageFetched'>, before: JobSpec, after: JobSpec): boolean {
  const { robots, statusCode, stage: name } = data;
  if (statusCode >= 400 || (robots.policy !== 'ignore' && !robots.allowed)) return false;
  return [before, after].some(({ stages }) =>
    stages.some((stage) => stage.name === name && Object.keys(stage.fields).length > 0),
  );
}

function factOf(
  { id, jobId, data }: StoredEvent<'PageFetched'>,
  version: number,
  items: ExtractedItem[],
  now: number,
): NewPageEvent {
  const { url, generation, run, try: tryNo, stage, depth } = data;
  return {
    ...{ type: 'ItemsReextracted', id: itemsEventId(id, version), jobId, causationId: id },
    time: new Date(now).toISOString(),
    data: { url, generation, run, try: tryNo, stage, depth, version, items },
  };
}
