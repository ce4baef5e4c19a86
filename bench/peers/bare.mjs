// What one writes in an afternoon: a set of URLs, got and cheerio. Nothing is kept; a crash begins anew.
import { Agent } from 'node:http';
import got from 'got';
import { load } from 'cheerio';

const { SITE, CONCURRENCY = '32' } = process.env;
const host = new URL(SITE).host;
const agent = { http: new Agent({ keepAlive: true }) };
const known = new Set([SITE]);
const waiting = [SITE];
let ok = 0;

async function visit(url) {
  const {
    statusCode,
    body,
    url: finalUrl,
  } = await got(url, { agent, throwHttpErrors: false, retry: { limit: 2 } });
  if (statusCode !== 200) return;
  const $ = load(body);
  const record = { url, title: $('title').text(), h1: $('h1').first().text(), links: [] };
  for (const { attribs } of $('a[href]')) {
    const link = URL.parse ? URL.parse(attribs.href, finalUrl) : new URL(attribs.href, finalUrl);
    if (link?.host !== host) continue;
    link.hash = '';
    record.links.push(link.href);
    if (known.has(link.href)) continue;
    known.add(link.href);
    waiting.push(link.href);
  }
  if (url === finalUrl) ok += 1;
}

let active = 0;
await new Promise((resolve, reject) => {
  const more = () => {
    if (active === 0 && waiting.length === 0) resolve();
    while (active < Number(CONCURRENCY) && waiting.length > 0) {
      active += 1;
      visit(waiting.pop()).then(() => {
        active -= 1;
        more();
      }, reject);
    }
  };
  more();
});
console.log(JSON.stringify({ ok }));
