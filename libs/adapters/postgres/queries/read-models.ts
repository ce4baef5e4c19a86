import type { DataSource } from 'typeorm';
import type { Cursor, ItemFilter, JobFilter, PageFilter, ReadModels, SkippedPage } from '#libs/engine/ports';
import type { EvidenceRow, ItemRow, JobRow, PageRow } from '#libs/read-models';
import { UNUSUAL_EVIDENCE, UNUSUAL_PAGE } from '../entities/column-types.js';
import { EvidenceEntity, ItemEntity, JobEntity, PageEntity } from '../entities/index.js';
import { asStoreError } from '../errors.js';
import { PROJECTION } from '../projection/statements.js';
import { storableText } from '../storable.js';
import { tableOf, type Table } from '../table.js';
import { encodeCursor } from './cursor.js';
import { Conditions, containing, orderBy, type SortKey } from './list-query.js';
import { recordOf } from './records.js';

const JOBS_ORDER: SortKey = {
  columns: [
    { sql: 'created_at', type: 'time' },
    { sql: 'id', type: 'text' },
  ],
  descending: true,
};
const PAGES_ORDER: SortKey = { columns: [{ sql: 'seq', type: 'number' }] };
const ITEMS_ORDER: SortKey = {
  columns: [
    { sql: 'seq', type: 'number' },
    { sql: '"index"', type: 'number' },
  ],
};
const EVIDENCE_ORDER: SortKey = {
  columns: [
    { sql: 'seq', type: 'number' },
    { sql: 'page_id', type: 'uuid' },
    { sql: 'type', type: 'text' },
  ],
};

const SKIPPED_ORDER: SortKey = { columns: [{ sql: 'page_id', type: 'uuid' }] };

const UNUSUAL_TYPES = new Set(['fetch_error', 'redirect_chain']);
/** A restart leaves the old generation's rows where they are; lists show the present one. */
const PRESENT = (schema: string): string =>
  `generation = (SELECT generation FROM "${schema}".job WHERE id = ?)`;

export class PostgresReadModels implements ReadModels {
  private readonly jobTable: Table;
  private readonly pageTable: Table;
  private readonly itemTable: Table;
  private readonly evidenceTable: Table;

  constructor(
    private readonly dataSource: DataSource,
    private readonly schema: string,
  ) {
    this.jobTable = tableOf(dataSource, JobEntity);
    this.pageTable = tableOf(dataSource, PageEntity);
    this.itemTable = tableOf(dataSource, ItemEntity);
    this.evidenceTable = tableOf(dataSource, EvidenceEntity);
  }

  async jobs(filter: JobFilter, limit: number, cursor?: string): Promise<Cursor<JobRow>> {
    const where = new Conditions().addIf(filter.status, 'status = ?').addIf(filter.owner, 'owner = ?');
    if (filter.q) where.add('(id ILIKE ? OR name ILIKE ?)', containing(filter.q));
    return this.list(this.jobTable, where, JOBS_ORDER, limit, cursor, (job: JobRow) => [
      job.createdAt,
      job.jobId,
    ]);
  }

  async job(jobId: string): Promise<JobRow | null> {
    const { rows } = await this.list(
      this.jobTable,
      new Conditions().add('id = ?', jobId),
      JOBS_ORDER,
      1,
      undefined,
      (job: JobRow) => [job.jobId],
    );
    return rows[0] ?? null;
  }

  async pages(jobId: string, filter: PageFilter, limit: number, cursor?: string): Promise<Cursor<PageRow>> {
    const where = this.ofJob(jobId)
      .addIf(filter.outcome, 'outcome = ?')
      .addIf(filter.errorCode, 'error_code = ?')
      .addIf(filter.robotsBlocked, 'robots_blocked = ?')
      .addIf(filter.host, 'host = ?')
      .addIf(filter.stage, 'stage = ?')
      .addIf(filter.pageId, 'id = ?::uuid');
    withStatus(where, filter.statusCode);
    if (filter.q) where.add(`(url ILIKE ? OR title ILIKE ?)`, containing(filter.q));
    if (isUnusual(filter)) where.plain(UNUSUAL_PAGE);
    return this.list(this.pageTable, where, PAGES_ORDER, limit, cursor, (page: PageRow) => [page.seq]);
  }

  async page(jobId: string, pageId: string): Promise<PageRow | null> {
    if (!UUID.test(pageId)) return null;
    const where = new Conditions().add('id = ?::uuid', pageId).add('job_id = ?', jobId);
    const { rows } = await this.list(this.pageTable, where, PAGES_ORDER, 1, undefined, (page: PageRow) => [
      page.seq,
    ]);
    return rows[0] ?? null;
  }

  async skipped(
    jobId: string,
    filter: { pageId?: string },
    limit: number,
    cursor?: string,
  ): Promise<Cursor<SkippedPage>> {
    const where = this.ofJob(jobId)
      .plain(`type IN ('robots_check', 'fetch_error')`)
      .add(
        `page_id IN (SELECT page_id FROM "${this.schema}".page_mark WHERE job_id = ? AND outcome = 'skipped')`,
        jobId,
      )
      .addIf(filter.pageId, 'page_id = ?::uuid');
    const { rows, next } = await this.list<EvidenceRow>(
      this.evidenceTable,
      where,
      SKIPPED_ORDER,
      limit,
      cursor,
      (row) => [row.pageId],
    );
    return { rows: rows.map(skippedPage), next };
  }

  async withOutcome(jobId: string, pageIds: string[]): Promise<Set<string>> {
    const { schema } = this;
    const rows = await this.query(
      `SELECT named.id FROM unnest($2::uuid[]) AS named (id)
       LEFT JOIN "${schema}".page ON page.id = named.id AND page.job_id = $1
       LEFT JOIN "${schema}".page_mark AS mark ON mark.page_id = named.id AND mark.job_id = $1
       WHERE page.id IS NOT NULL OR mark.outcome IS NOT NULL`,
      [storableText(jobId), `{${pageIds.join(',')}}`],
    );
    return new Set(rows.map((row) => String(row['id'])));
  }

  async items(jobId: string, filter: ItemFilter, limit: number, cursor?: string): Promise<Cursor<ItemRow>> {
    const where = this.ofJob(jobId)
      .addIf(filter.stage, 'stage = ?')
      .addIf(filter.pageId, 'page_id = ?::uuid');
    if (filter.version !== undefined) where.add('version = ?', filter.version);
    else
      where.add(
        `version = (SELECT (item_versions->>-1)::integer FROM "${this.schema}".job WHERE id = ?)`,
        jobId,
      );
    return this.list(this.itemTable, where, ITEMS_ORDER, limit, cursor, (item: ItemRow) => [
      item.seq,
      item.index,
    ]);
  }

  async evidence(
    jobId: string,
    filter: { type?: string; pageId?: string },
    limit: number,
    cursor?: string,
  ): Promise<Cursor<EvidenceRow>> {
    if (filter.pageId !== undefined && !UUID.test(filter.pageId)) return { rows: [], next: null };
    const where = filter.pageId === undefined ? this.ofJob(jobId) : new Conditions().add('job_id = ?', jobId);
    where.addIf(filter.pageId, 'page_id = ?::uuid').addIf(filter.type, 'type = ?');
    if (filter.type !== undefined && UNUSUAL_TYPES.has(filter.type)) where.plain(UNUSUAL_EVIDENCE);
    return this.list(this.evidenceTable, where, EVIDENCE_ORDER, limit, cursor, (row: EvidenceRow) => [
      row.seq,
      row.pageId,
      row.type,
    ]);
  }

  async position(shard: number): Promise<number> {
    const rows = await this.query(
      `SELECT seq FROM "${this.schema}".checkpoint WHERE shard = $1 AND projection = $2`,
      [shard, PROJECTION],
    );
    return Number(rows[0]?.['seq'] ?? 0);
  }

  private ofJob(jobId: string): Conditions {
    return new Conditions().add('job_id = ?', jobId).add(PRESENT(this.schema), jobId);
  }

  private async list<T>(
    table: Table,
    where: Conditions,
    order: SortKey,
    limit: number,
    cursor: string | undefined,
    keyOf: (row: T) => (string | number)[],
  ): Promise<Cursor<T>> {
    where.after(cursor, order);
    const found = await this.query(
      `SELECT ${table.columns.map((c) => c.name).join(', ')} FROM "${this.schema}"."${table.name}" ` +
        `${where.where} ${orderBy(order)} ${where.limit(limit + 1)}`,
      where.values,
    );
    const rows = found.slice(0, limit).map((row) => recordOf<T>(table, row));
    const last = rows.at(-1);
    return { rows, next: found.length > limit && last ? encodeCursor(keyOf(last)) : null };
  }

  private async query(sql: string, values: unknown[]): Promise<Record<string, unknown>[]> {
    try {
      return await this.dataSource.query<Record<string, unknown>[]>(sql, values);
    } catch (error) {
      throw asStoreError(error);
    }
  }
}

/** A class is a range of codes; a bound of another type would keep Postgres from comparing. */
function withStatus(where: Conditions, statusCode: PageFilter['statusCode']): void {
  if (typeof statusCode === 'number') where.add('status_code::bigint = ?::bigint', statusCode);
  if (typeof statusCode === 'string') where.add('status_code / 100 = ?::integer', Number(statusCode[0]));
}

function skippedPage({ pageId, jobId, url, type, content, metadata, seq }: EvidenceRow): SkippedPage {
  const page = { id: pageId, jobId, url, seq };
  if (type === 'fetch_error') return { ...page, code: 'skip_pattern', reason: content, rule: null };
  const { reason, rule, unreachable } = metadata as {
    reason: string;
    rule: string | null;
    unreachable?: true;
  };
  return { ...page, code: unreachable ? 'robots_unreachable' : 'robots_disallowed', reason, rule };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether every page that it asks for is one of the few that the partial index holds. */
const isUnusual = ({ outcome, statusCode, errorCode, robotsBlocked }: PageFilter): boolean =>
  outcome === 'failed' ||
  (statusCode !== undefined && statusCode !== 200 && statusCode !== '2xx') ||
  errorCode !== undefined ||
  robotsBlocked === true;
