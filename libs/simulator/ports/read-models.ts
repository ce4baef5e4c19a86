import type { Cursor, PageFilter, PageRow, ReadModels, SkippedPage } from '#libs/engine/ports';
import type { DatabaseServer } from '../servers/database-server.js';
import type { Tables } from '../servers/tables.js';
import type { Database } from './database.js';

type Needed = Pick<ReadModels, 'pages' | 'skipped' | 'withOutcome' | 'position'>;

/** What commands ask of the read models. */
export class SimulatedReadModels implements Needed {
  constructor(
    private readonly database: Database,
    private readonly server: DatabaseServer,
  ) {}

  pages(jobId: string, filter: PageFilter, limit: number, cursor?: string): Promise<Cursor<PageRow>> {
    return this.ask((tables) => {
      const generation = tables.jobs.get(jobId)?.generation;
      const rows = [...tables.pages.values()]
        .filter((row) => row.jobId === jobId && row.generation === generation)
        .filter(({ outcome }) => (filter.outcome ?? outcome) === outcome)
        .filter(({ statusCode }) => (filter.statusCode ?? statusCode) === statusCode)
        .filter(({ errorCode }) => (filter.errorCode ?? errorCode) === errorCode);
      return pageOf(
        rows.sort((a, b) => a.seq - b.seq),
        limit,
        cursor,
      );
    });
  }

  skipped(jobId: string, _: object, limit: number, cursor?: string): Promise<Cursor<SkippedPage>> {
    return this.ask((tables) => {
      const generation = tables.jobs.get(jobId)?.generation;
      const rows = [...tables.evidence.values()]
        .filter((row) => row.jobId === jobId && row.generation === generation)
        .filter((row) => tables.marks.get(row.pageId)?.outcome === 'skipped' && row.type === 'robots_check')
        .sort((a, b) => (a.pageId < b.pageId ? -1 : 1))
        .map(({ pageId: id, url, seq }) => ({
          id,
          jobId,
          url,
          code: 'robots_disallowed',
          reason: '',
          rule: null,
          seq,
        }));
      return pageOf(rows, limit, cursor);
    });
  }

  withOutcome(_: string, pageIds: string[]): Promise<Set<string>> {
    return this.ask(
      ({ pages, marks }) =>
        new Set(pageIds.filter((id) => pages.has(id) || (marks.get(id)?.outcome ?? null) !== null)),
    );
  }

  position(): Promise<number> {
    return this.ask(({ checkpoint }) => checkpoint?.seq ?? 0);
  }

  private ask<T>(query: (tables: Tables) => T): Promise<T> {
    return this.database.ask('query', () => query(this.server.tables));
  }
}

function pageOf<T>(rows: T[], limit: number, cursor = '0'): Cursor<T> {
  const from = Number(cursor);
  const next = from + limit < rows.length ? String(from + limit) : null;
  return { rows: rows.slice(from, from + limit), next };
}
