/** One Allow or Disallow line. */
export interface Rule {
  allow: boolean;
  /** Octets of the pattern after percent normalisation: the longer one wins. */
  length: number;
  /** Pattern cut at its `*`; `anchored` when it ends in `$`. */
  parts: readonly string[];
  anchored: boolean;
  /** As the site wrote it, without comment. */
  line: string;
}

export interface Group {
  rules: Rule[];
  crawlDelayMs: number | null;
}

/** What one robots.txt says, by product token in lower case. Groups of the same token are merged (RFC 9309, 2.2.1). */
export type RobotsFile = ReadonlyMap<string, Group>;

/** Longer lines can match no URL that we fetch. */
const MAX_LINE = 16 * 1024;

/**
 * Reads a robots.txt (RFC 9309). Unknown lines do not end a group; rules before the first user-agent line are for nobody.
 * Own code rather than a library, because a hostile file must not cost time: matching is linear in rule and path, where the
 * usual matcher takes seconds for one file of wildcards.
 */
export function parseRobots(text: string): RobotsFile {
  const groups = new Map<string, Group>();
  let current: Group[] = [];
  let collecting = false;
  for (const full of text.replace(/^\ufeff/, '').split(/\r\n|\r|\n/)) {
    const line = full.slice(0, MAX_LINE).split('#', 1)[0]!.trim();
    const [key, value] = directive(line);
    if (key === 'user-agent') {
      if (!collecting) current = [];
      collecting = true;
      const token = value === '*' || /^\*\s/.test(value) ? '*' : productToken(value);
      if (token === '') continue;
      const group = groups.get(token) ?? { rules: [], crawlDelayMs: null };
      groups.set(token, group);
      current.push(group);
    } else if (key === 'allow' || key === 'disallow') {
      collecting = false;
      if (value !== '') for (const group of current) group.rules.push(...rules(key === 'allow', value, line));
    } else if (key === 'crawl-delay') {
      collecting = false;
      const ms = delayMs(value);
      if (ms !== null) for (const group of current) group.crawlDelayMs ??= ms;
    }
  }
  return groups;
}

/** `key: value`; sites also leave out the colon. */
function directive(line: string): [string, string] {
  const match = /^([A-Za-z-]+)\s*(?::|\s)\s*(.*)$/.exec(line);
  return match ? [match[1]!.toLowerCase(), match[2]!.trim()] : ['', ''];
}

/**
 * The product token that opens a user agent: `Spoor` of `Spoor/0.1 (+https://…)`, in lower case. The RFC knows only letters,
 * `_` and `-`; digits and dots are part of names in use (`Ai2Bot`, `archive.org_bot`).
 */
export const productToken = (userAgent: string): string =>
  /^[a-z0-9._-]+/.exec(userAgent.trim().toLowerCase())?.[0] ?? '';

function delayMs(value: string): number | null {
  const seconds = /^\d{1,7}(?:\.\d+)?$/.test(value) ? Number(value) : NaN;
  return Number.isNaN(seconds) ? null : Math.round(seconds * 1000);
}

/** Allowing a directory's index page allows the directory, as sites that write so mean it. */
function rules(allow: boolean, value: string, line: string): Rule[] {
  const directory = allow ? /^(.*\/)index\.html?[^/]*$/.exec(value)?.[1] : undefined;
  const own = rule(allow, value, line);
  return directory === undefined ? [own] : [own, rule(allow, `${directory}$`, line)];
}

function rule(allow: boolean, value: string, line: string): Rule {
  const pattern = normalise(value);
  const anchored = pattern.endsWith('$');
  const body = anchored ? pattern.slice(0, -1) : pattern;
  return { allow, length: pattern.length, parts: body.split(/\*+/), anchored, line };
}

/**
 * Octets beyond ASCII percent-encoded and hex in upper case, so that both spellings of a path are one. `%7E` is `~`, the one
 * plain character that programs used to escape; other plain ones written as escapes are left alone, as the big crawlers do.
 */
function normalise(value: string): string {
  return value
    .replace(/[^\x21-\x7e]+/g, encodeURIComponent)
    .replace(/%[0-9a-fA-F]{2}/g, (escape) => escape.toUpperCase())
    .replaceAll('%7E', '~');
}

/** The group of a product token, `*` without one, null when nobody speaks to it. */
export const groupFor = (file: RobotsFile, token: string): Group | null =>
  file.get(token) ?? file.get('*') ?? null;

/** The rule that decides over a path with query: the longest match, Allow among equals; null when none matches. */
export function decidingRule(group: Group, pathAndQuery: string): Rule | null {
  const path = normalise(pathAndQuery);
  let best: Rule | null = null;
  for (const candidate of group.rules) {
    if (best && candidate.length < best.length) continue;
    if (best && candidate.length === best.length && (best.allow || !candidate.allow)) continue;
    if (matches(candidate, path)) best = candidate;
  }
  return best;
}

/** Greedy from the left is right for `*`, and looks at each character of the path at most once per part. */
function matches({ parts, anchored }: Rule, path: string): boolean {
  const first = parts[0]!;
  if (!path.startsWith(first)) return false;
  if (parts.length === 1) return !anchored || path.length === first.length;
  let at = first.length;
  const last = parts.length - 1;
  for (let i = 1; i < last; i++) {
    const found = path.indexOf(parts[i]!, at);
    if (found < 0) return false;
    at = found + parts[i]!.length;
  }
  const end = parts[last]!;
  return anchored ? path.length - end.length >= at && path.endsWith(end) : path.indexOf(end, at) >= 0;
}
