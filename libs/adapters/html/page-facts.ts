import { Parser } from 'htmlparser2';
import { ENOUGH_TEXT, type PageFacts } from '#libs/job';
import { charsetOf, decodeText } from './charset.js';
import { kindOf } from './page-parser.js';

/** A page with more elements than that is no shell; to go on would only take time. */
const MAX_ELEMENTS = 10_000;

/** Null for what is no HTML. */
export function readPageFacts(body: Buffer, contentType: string | null): PageFacts | null {
  if (body.length === 0 || kindOf(contentType, body) !== 'html') return null;
  return pageFacts(decodeText(body, charsetOf(body, contentType)));
}

class Enough extends Error {}

/** Nobody reads what stands in these. */
const UNREAD = new Set([
  'script',
  'style',
  'noscript',
  'template',
  'head',
  'title',
  'svg',
  'iframe',
  'select',
]);
/** Elements that applications are put into, by what the common frameworks call them. */
const MOUNT_IDS = new Set(['root', 'app', '__next', '__nuxt', '___gatsby', 'svelte', 'q-app', 'main-app']);
const MOUNT_TAGS = new Set(['app-root', 'my-app', 'ember-application']);

/** One pass over the page; it ends where the answer is clear. */
function pageFacts(html: string): PageFacts {
  const facts: PageFacts = {
    ...{ textLength: 0, scripts: 0, emptyMount: false },
    ...{ title: false, description: false, h1: false, canonical: false },
  };
  /** Depth of open elements whose text is not read; of each by name, since a page may leave them open. */
  let unread = 0;
  let mount: { depth: number; empty: boolean } | null = null;
  let depth = 0;
  let elements = 0;
  let inTitle = false;
  let inH1 = false;
  const parser = new Parser({
    onopentag(name, { id = '', name: meta = '', property = '', content = '', rel = '' }) {
      depth += 1;
      if (++elements > MAX_ELEMENTS) throw new Enough();
      if (UNREAD.has(name)) unread += 1;
      if (name === 'script') facts.scripts += 1;
      if (name === 'title') inTitle = true;
      if (name === 'h1') inH1 = true;
      if (name === 'meta' && /^(og:)?description$/i.test(meta || property) && content.trim() !== '')
        facts.description = true;
      if (name === 'link' && /^canonical$/i.test(rel)) facts.canonical = true;
      if (mount === null && (MOUNT_TAGS.has(name) || MOUNT_IDS.has(id.toLowerCase())))
        mount = { depth, empty: true };
    },
    ontext(text) {
      const length = text.replace(/\s+/g, ' ').trim().length;
      if (length === 0) return;
      if (inTitle) facts.title = true;
      if (unread > 0) return;
      if (inH1) facts.h1 = true;
      if (mount) mount.empty = false;
      facts.textLength = Math.min(ENOUGH_TEXT, facts.textLength + length);
    },
    onclosetag(name) {
      if (UNREAD.has(name)) unread -= 1;
      if (name === 'title') inTitle = false;
      if (name === 'h1') inH1 = false;
      if (mount?.depth === depth) {
        facts.emptyMount ||= mount.empty;
        mount = null;
      }
      depth -= 1;
    },
  });
  try {
    parser.end(html);
  } catch (error) {
    if (!(error instanceof Enough)) throw error;
    facts.textLength = ENOUGH_TEXT;
  }
  return facts;
}
