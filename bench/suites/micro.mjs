// CPU of the hot paths one by one, in this process, on the pages of the bench's own site.
import { gunzipSync, gzipSync } from 'node:zlib';
import { createPageParser } from '#libs/adapters/html';
import { connectLog } from '#libs/adapters/jetstream';
import { acquireServers } from '#libs/adapters/servers';
import { fromLink, originOf, pageEventId, toPresent } from '#libs/events';
import { Frontier, resolveSpec, UrlTable } from '#libs/job';
import { fold, plan } from '#libs/read-models';
import { Site } from '../site/pages.mjs';
import { workFolder } from '../lib/spoor.mjs';
import { row } from '../lib/stats.mjs';

const PAGES = 400;
const ROUNDS = 7;
const ORIGIN = 'http://site.example';
const KEY = [1, 2];
const JOB = '0-00000000bench';

const spec = resolveSpec({ start: [`${ORIGIN}/`] });
const parser = createPageParser();

function pages() {
  const site = new Site(5000);
  return Array.from({ length: PAGES }, (_, i) => {
    const html = site.html(i);
    return { url: ORIGIN + site.path(i), html, raw: gzipSync(html), body: Buffer.from(html) };
  });
}

const parse = ({ url, body }, job = spec.spec) =>
  parser.parse({
    spec: job,
    stage: job.stages[0].name,
    depth: 0,
    finalUrl: url,
    contentType: 'text/html',
    body,
  });

function fetchedEvent(page, i) {
  const { title, h1, links } = parse(page);
  const ref = { url: page.url, generation: 1, run: 1, try: 1, stage: spec.spec.stages[0].name, depth: 0 };
  const robots = {
    policy: 'obey',
    allowed: true,
    confidence: 'high',
    reason: 'Allowed by robots.txt',
    rule: null,
  };
  const data = {
    ...{ ...ref, attempt: 1, statusCode: 200, finalUrl: page.url, contentType: 'text/html' },
    ...{ contentLength: page.body.length, receivedBytes: page.raw.length, charset: 'utf-8', title, h1 },
    ...{ headers: { 'content-type': 'text/html', server: 'bench', date: 'Thu, 01 Jan 2026 00:00:00 GMT' } },
    ...{
      redirects: [],
      robots,
      timing: { startedAt: 0, durationMs: 12.5, ttfbMs: 11 },
      error: null,
      links,
      items: [],
    },
  };
  const id = pageEventId(JOB, 1, page.url, 1);
  return {
    type: 'PageFetched',
    id,
    jobId: JOB,
    time: '2026-01-01T00:00:00.000Z',
    seq: i + 2,
    storedAt: i,
    data,
  };
}

const startedEvent = () => ({
  ...{
    type: 'JobStarted',
    id: `${JOB}:cmd:start`,
    jobId: JOB,
    time: '2026-01-01T00:00:00.000Z',
    seq: 1,
    storedAt: 0,
  },
  data: { commandId: 'start', start: spec.start, spec: spec.spec },
});

/** CPU ms of one call for each of `count` things, of every round after two to warm up. */
function cpuPer(count, work) {
  const values = [];
  for (let round = -2; round < ROUNDS; round += 1) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    if (round >= 0) values.push((user + system) / 1000 / count);
  }
  return values;
}

/** A megabyte of nothing but one of these: where work that grows with the square shows. */
const HOSTILE = [
  '<',
  '<a ',
  '<!--',
  '<script>',
  '</ ',
  '<a href="',
  '<![CDATA[',
  '<title>&amp;',
  '<h1>&amp;</h1>',
];

function worstOf(pieces) {
  const times = pieces.map((piece) => {
    const body = Buffer.from(piece.repeat(1_000_000 / piece.length));
    const before = process.cpuUsage();
    parse({ url: `${ORIGIN}/hostile`, body });
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return [Math.max(...times)];
}

/** Page facts into a log of its own, 64 at a time as busy workers publish them; CPU of this process alone. */
async function publishRow(events) {
  const folder = workFolder();
  const servers = await acquireServers(folder.home, { only: 'nats' });
  const log = await connectLog({ url: servers.natsUrl, shards: 1, name: 'bench' });
  try {
    const values = [];
    for (let round = -1; round < 5; round += 1) {
      const before = process.cpuUsage();
      for (let from = 0; from < events.length; from += 64)
        await Promise.all(
          events
            .slice(from, from + 64)
            .map((event) => log.eventLog.publishPage({ ...event, id: `${event.id}:${round}` })),
        );
      const { user, system } = process.cpuUsage(before);
      if (round >= 0) values.push((user + system) / 1000 / events.length);
    }
    return row('publish an event and have it confirmed', 'CPU ms a page', values);
  } finally {
    await log.close();
    await servers.release();
    folder.remove();
  }
}

export async function run({ say }) {
  const all = pages();
  const events = all.map(fetchedEvent);
  const payloads = events.map(({ data }) => JSON.stringify(data));
  const urls = events.flatMap(({ data }) =>
    Object.values(data.links.follow)
      .flat()
      .map((link) => fromLink(link, originOf(data.finalUrl))),
  );
  const fields = resolveSpec({
    start: [`${ORIGIN}/`],
    stages: [{ name: 'page', follow: [{ stage: 'page' }], fields: { price: { selector: '.facts .price' } } }],
  });
  const steps = {
    'gunzip a page': () => all.forEach(({ raw }) => gunzipSync(raw)),
    'parse: charset, title, h1, links with their verdicts': () => all.forEach((page) => parse(page)),
    'parse: the same with a tree and one field': () => all.forEach((page) => parse(page, fields.spec)),
    'dedupe the links of a page': () => {
      const table = new UrlTable(KEY);
      urls.forEach((url, i) => table.getOrAdd('', url, i));
    },
    'write an event as JSON': () => events.forEach(({ data }) => JSON.stringify(data)),
    'read an event: JSON and schema': () =>
      payloads.forEach((text) => toPresent('PageFetched', 1, JSON.parse(text))),
    'fold an event into the frontier': () => {
      const frontier = new Frontier(JOB, KEY);
      frontier.apply(startedEvent());
      for (const event of events) frontier.apply(event);
    },
    'fold an event into rows': () => {
      const state = { jobs: new Map(), pages: new Map(), parkedJobs: new Set() };
      fold(plan([startedEvent(), ...events], state.jobs), state, { shard: 0, codeVersion: 'bench' });
    },
  };
  const rows = Object.entries(steps).map(([name, work]) => {
    const result = row(name, 'CPU ms a page', cpuPer(PAGES, work));
    say(`${name}: ${result.median.toFixed(3)} CPU ms a page`);
    return result;
  });
  const publish = await publishRow(events);
  const hostile = row('parse the worst of nine hostile pages of a megabyte', 'CPU ms', worstOf(HOSTILE));
  for (const { figure, unit, median } of [publish, hostile]) say(`${figure}: ${median.toFixed(3)} ${unit}`);
  return [...rows, publish, hostile];
}
