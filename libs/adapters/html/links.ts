import { scopeOf } from '#libs/job';
import { hostOf, originOf, toLink, type JobSpec, type PageLinks } from '#libs/events';
import type { LinkResolver } from './resolver.js';
import type { StageRules } from './stage-rules.js';

/** A link as it stands on the page, and the follow rules (by number) whose selector chose it. */
export interface FoundLink {
  href: string;
  selectedBy: ReadonlySet<number> | null;
}

interface Where {
  spec: JobSpec;
  rules: StageRules;
  depth: number;
  finalUrl: string;
}

/** Each URL once, in document order, under the stage it leads into or the rule that holds it back. */
export function sortLinks(found: Iterable<FoundLink>, resolver: LinkResolver, where: Where): PageLinks {
  const scope = scopeOf(where.spec);
  const origin = originOf(where.finalUrl);
  const ownHost = scope.hasHost(hostOf(where.finalUrl));
  const tooDeep = scope.isTooDeep(where.depth + 1);
  const follow = new Map<string, string[]>();
  const skip = new Map<string, string[]>();

  for (const [url, selectedBy] of unique(found, resolver)) {
    const link = toLink(url, origin);
    const inScope = link.length < url.length ? ownHost : scope.hasHost(hostOf(url));
    const held = inScope ? scope.ofPatterns(url) : 'off-host';
    const stage = held === null ? where.rules.target(url, selectedBy) : null;
    if (stage !== null && !tooDeep) put(follow, stage, link);
    else put(skip, held ?? (stage === null ? 'unfollowed' : 'too-deep'), link);
  }
  return { follow: Object.fromEntries(follow), skip: Object.fromEntries(skip) };
}

/** A URL that stands on the page several times is selected by whatever selects one of them. */
function unique(found: Iterable<FoundLink>, resolver: LinkResolver): Map<string, ReadonlySet<number> | null> {
  const links = new Map<string, ReadonlySet<number> | null>();
  for (const { href, selectedBy } of found) {
    const url = resolver.resolve(href);
    if (url === null) continue;
    const before = links.get(url);
    links.set(url, before && selectedBy ? new Set([...before, ...selectedBy]) : (before ?? selectedBy));
  }
  return links;
}

function put(lists: Map<string, string[]>, key: string, link: string): void {
  const list = lists.get(key);
  if (list) list.push(link);
  else lists.set(key, [link]);
}
