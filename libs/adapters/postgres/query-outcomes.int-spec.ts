import { readFile } from 'node:fs/promises';
import { Raw, MoreThanOrEqual, type DataSource } from 'typeorm';
import { systemClock } from '#libs/adapters/system';
import { Projector } from '#libs/engine';
import type { RobotsVerdict } from '#libs/events';
import { createTestDatabase, type TestDatabase } from '#libs/testing';
import { History } from '#libs/testing/history';
import { EvidenceEntity, JobEntity, openDatabase, PageEntity, type OpenDatabase } from './index.js';

/** The examples of docs/how-to/query-outcomes.md stand here between their marks, so that they compile and run. */
const HOW_TO = new URL('../../../docs/how-to/query-outcomes.md', import.meta.url);

// example: failed
async function failedFetches(dataSource: DataSource, jobId: string): Promise<PageEntity[]> {
  const { generation } = await dataSource.getRepository(JobEntity).findOneByOrFail({ jobId });
  return dataSource.getRepository(PageEntity).find({
    where: [
      { jobId, generation, statusCode: MoreThanOrEqual(400) },
      { jobId, generation, metadata: Raw((metadata) => `${metadata} ->> 'error' IS NOT NULL`) },
    ],
    order: { seq: 'ASC' },
  });
}
// end

// example: errors
async function fetchErrors(dataSource: DataSource, jobId: string): Promise<EvidenceEntity[]> {
  const { generation } = await dataSource.getRepository(JobEntity).findOneByOrFail({ jobId });
  return dataSource.getRepository(EvidenceEntity).find({
    where: { jobId, generation, type: 'fetch_error' },
    order: { seq: 'ASC' },
  });
}
// end

// example: blocked
async function robotsBlocked(dataSource: DataSource, jobId: string): Promise<PageEntity[]> {
  const { generation } = await dataSource.getRepository(JobEntity).findOneByOrFail({ jobId });
  return dataSource.getRepository(PageEntity).find({
    where: { jobId, generation, robotsBlocked: true },
    order: { seq: 'ASC' },
  });
}
// end

const SQL = {
  failed: `
SELECT id, job_id, url, title, status_code, load_time, metadata
FROM spoor.page
WHERE job_id = $1
  AND (status_code >= 400 OR metadata ->> 'error' IS NOT NULL)`,
  errors: `
SELECT id, job_id, page_id, url, content, metadata
FROM spoor.evidence
WHERE job_id = $1
  AND type = 'fetch_error'`,
  blocked: `
SELECT id, job_id, url, title, status_code, load_time, metadata
FROM spoor.page
WHERE job_id = $1
  AND metadata -> 'robotsBlocked' = 'true'`,
};

describe('the queries of the how-to', () => {
  let database: TestDatabase;
  let db: OpenDatabase;
  const JOB = '0-queryjob0';
  const url = (path: string): string => `http://site.test${path}`;

  beforeAll(async () => {
    database = await createTestDatabase();
    db = await openDatabase(database.url);
    await db.migrate();
    const ref = { generation: 1, run: 1, try: 1, stage: 'page', depth: 0 };
    const robots: RobotsVerdict = {
      ...{ policy: 'mark', allowed: false, confidence: 'low', rule: 'Disallow: /admin' },
      reason: 'Path disallowed by robots.txt: /admin',
    };
    const { events } = new History(JOB)
      .started({ start: [url('/')] })
      .fetched(url('/'), [], { links: { follow: {}, skip: { 'exclude:/out': ['/out'] } } })
      .fetched(url('/missing'), [], { statusCode: 404 })
      .fetched(url('/broken'), [], { statusCode: 503, error: 'HTTP 503 after 3 attempts' })
      .fetched(url('/admin'), [], { robots, contentLength: 0 })
      .add('FetchFailed', {
        ...{
          ...ref,
          url: url('/gone'),
          attempt: 3,
          code: 'timeout',
          message: 'Request timeout after 30000ms',
        },
        ...{ statusCode: 0, finalUrl: url('/gone'), redirects: [] },
      });
    const none = async function* () {};
    const projector = new Projector(
      {
        ...{ store: db.projectionStore, clock: systemClock },
        logger: { debug() {}, info() {}, warn() {}, error() {} },
        eventLog: {
          head: async () => ({ stream: 's', firstSeq: 1, lastSeq: events.length, bytes: 0, maxBytes: null }),
          eventIdAt: async () => null,
          ...{ readShard: none, readJob: none, lastDecisions: async () => [] },
        },
      },
      { shard: 0 },
    );
    await projector.position();
    await projector.apply({ entries: events, upTo: events.length, caughtUp: true });
  });
  afterAll(async () => {
    await db.close();
    await database.drop();
  });

  const cases = {
    failed: { byTypeOrm: failedFetches, expected: ['/missing', '/broken', '/admin', '/gone'] },
    errors: { byTypeOrm: fetchErrors, expected: ['/out', '/gone'] },
    blocked: { byTypeOrm: robotsBlocked, expected: ['/admin'] },
  } as const;

  test.each(Object.keys(cases) as (keyof typeof cases)[])('%s: by TypeORM and by SQL', async (name) => {
    const { byTypeOrm, expected } = cases[name];
    const found: { url: string }[] = await byTypeOrm(db.dataSource, JOB);
    expect(found.map((row) => row.url)).toEqual(expected.map(url));
    const rows = await db.dataSource.query<{ url: string }[]>(SQL[name], [JOB]);
    expect(rows.map((row) => row.url).sort()).toEqual(expected.map(url).sort());
  });

  test('stand in the how-to as they stand here', async () => {
    const own = await readFile(new URL(import.meta.url), 'utf8');
    const howTo = await readFile(HOW_TO, 'utf8');
    for (const name of Object.keys(cases)) {
      const example = own.split(`// example: ${name}\n`)[1]!.split('\n// end')[0]!;
      expect(howTo).toContain(`\`\`\`ts\n${example}\n\`\`\``);
      expect(howTo).toContain(`\`\`\`sql\n${SQL[name as keyof typeof SQL].trim()};\n\`\`\``);
    }
  });
});
