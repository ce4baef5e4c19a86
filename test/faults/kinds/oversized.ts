import type { ServerResponse } from 'node:http';
import type { Fault } from '../fault.js';

const MB = 1024 * 1024;
const HUGE_TEXT = `<!doctype html><title>huge</title>${`<p>${'and so on '.repeat(50)}</p>\n`.repeat((5 * MB) / 508)}`;
const list = (lines: number, line: (n: number) => string): string =>
  `<!doctype html><title>many</title>${Array.from({ length: lines }, (_, n) => line(n)).join('\n')}`;
const MANY_LINKS = list(20_000, (n) => `<a href="http://elsewhere.example/${'x'.repeat(60)}/${n}">${n}</a>`);
const MANY_ITEMS = list(6_000, (n) => `<li><b>${n}</b><i>${'words '.repeat(15)}</i></li>`);
const BODIES = [HUGE_TEXT, MANY_LINKS, MANY_ITEMS];
const ITEMS = 6_000;

/** Of pages without links of their own that matter: the last ones of the site. */
const isHuge = (path: string): number => {
  const n = Number(/^\/p\/(\d+)$/.exec(path)?.[1] ?? NaN);
  return n >= 112 && n < 118 ? n : -1;
};

/** Pages and events that are larger than the log takes in one message; the worker dies among them. */
export const oversized: Fault = {
  name: 'oversized-pages',
  about: 'pages of 5 MB, with 20,000 links or 6,000 items, and a kill -9 of the worker among them',
  site: {
    pages: 120,
    special: (path: string, response: ServerResponse): boolean => {
      const n = isHuge(path);
      if (n === -1) return false;
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end(BODIES[n % BODIES.length]);
      return true;
    },
  },
  spec: {
    bodies: 'all',
    stages: [
      {
        name: 'page',
        follow: [{ stage: 'page' }],
        items: 'li',
        fields: { number: { selector: 'b' }, text: { selector: 'i' } },
      },
    ],
  },
  inject: async (run) => {
    await run.moment(0.6, 0.95);
    const worker = run.stage.part('worker');
    await run.kill(worker);
    worker.start();
  },
  check: async (run) => {
    const { database } = await run.stage.open();
    let items = 0;
    let cursor: string | undefined;
    do {
      const page = await database.readModels.items(run.jobId, {}, 1000, cursor);
      items += page.rows.length;
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    return items === 2 * ITEMS ? [] : [`${items} items are there, not ${2 * ITEMS}`];
  },
};
