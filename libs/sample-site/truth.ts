import { companies, LIST_PAGES, type Company } from './companies.js';
import { hasReport, reportPath } from './company-pages.js';
import { financialsTitle } from './financials-pages.js';
import { directoryTitle, listTitle, sectorTitle } from './list-pages.js';
import { ABOUT_TITLE, HOME_TITLE, MINUTES_TITLE, MISSING_TITLE, PRESS_TITLE } from './plain-pages.js';
import type { Behaviour } from './quirks.js';
import { routes } from './routes.js';
import { SECTORS } from './words.js';

export interface TruePage {
  /** Path and query that other pages link to. */
  path: string;
  kind: 'home' | 'list' | 'directory' | 'sector' | 'company' | 'financials' | 'report' | 'moved' | 'other';
  /** After redirects and, where it fails at first, the second request; 310 for a loop. */
  status: number;
  /** Where redirects end; null for a loop. */
  finalPath: string | null;
  /** Status of each hop. */
  hops: number[];
  /** Fails with 500 at its first request. */
  flaky: boolean;
  slow: boolean;
  /** What robots.txt says to agents without a group of their own. */
  allowed: boolean;
  contentType: string | null;
  /** null where there is no HTML. */
  title: string | null;
}

export interface SampleSiteTruth {
  /** All that can be reached from `/` by links, once each, robots.txt left aside. */
  pages: TruePage[];
  companies: Company[];
  notFound: string[];
  redirects: { path: string; hops: number[]; finalPath: string }[];
  loops: string[];
  flaky: string[];
  slow: string[];
  disallowed: string[];
  pdfs: string[];
  otherCharsets: { path: string; charset: string }[];
  /** What `sampleJob` requests, by stage. */
  stages: { stage1_segmentation: string[]; stage2_enrichment: string[]; stage3_financials: string[] };
  /** What `sampleJob` extracts, in page order, by the path of the page. */
  items: Record<string, Record<string, unknown>[]>;
}

type Kind = TruePage['kind'];

/** Follows the routes from a path to its end. */
function walk(path: string): Pick<TruePage, 'finalPath' | 'hops'> {
  const hops: number[] = [];
  const seen = new Set<string>();
  for (let at = path; ;) {
    const route = routes.get(at);
    if (route?.kind !== 'redirect') return { finalPath: at, hops };
    hops.push(route.status);
    seen.add(at);
    const target = new URL(route.location, `http://site.invalid${at}`);
    at = target.pathname + target.search;
    if (seen.has(at)) return { finalPath: null, hops };
  }
}

function truePage(path: string, kind: Kind, title: string | null): TruePage {
  const { finalPath, hops } = walk(path);
  const end = finalPath === null ? undefined : routes.get(finalPath);
  const html = end?.kind === 'html' ? end : undefined;
  return {
    path,
    kind,
    status: finalPath === null ? 310 : end ? 200 : 404,
    finalPath,
    hops,
    flaky: html?.flaky ?? false,
    slow: html?.slow ?? false,
    allowed: !path.startsWith('/private/') || path === '/private/press-kit',
    contentType:
      finalPath === null
        ? null
        : (html?.header ?? (end?.kind === 'pdf' ? 'application/pdf' : 'text/html; charset=utf-8')),
    title: finalPath === null || end?.kind === 'pdf' ? null : end ? title : MISSING_TITLE,
  };
}

const opens = (behaviour: Behaviour | undefined): boolean => behaviour !== 'gone' && behaviour !== 'loop';

function allPages(): TruePage[] {
  const numbers = Array.from({ length: LIST_PAGES }, (_, i) => i + 1);
  return [
    truePage('/', 'home', HOME_TITLE),
    truePage('/about', 'other', ABOUT_TITLE),
    truePage('/companies', 'list', listTitle(1)),
    truePage('/history.html', 'other', null),
    truePage('/private/board-minutes', 'other', MINUTES_TITLE),
    truePage('/private/press-kit', 'other', PRESS_TITLE),
    ...numbers.map((n) => truePage(`/companies?page=${n}`, 'list', listTitle(n))),
    ...numbers.map((n) => truePage(`/directory/${n}`, 'directory', directoryTitle(n))),
    ...SECTORS.map((s) => truePage(`/sectors/${s}`, 'sector', sectorTitle(s))),
    ...companies.flatMap((c) => {
      const pages = [truePage(c.path, 'company', `${c.name} | The Company Register`)];
      if (!opens(c.quirk.page)) return pages;
      pages.push(truePage(c.financialsPath, 'financials', financialsTitle(c)));
      if (hasReport(c)) pages.push(truePage(reportPath(c), 'report', null));
      // A page links to parts of itself, so where a redirect ends is a page of its own to those who follow every link.
      const moved = pages.flatMap(({ path, finalPath, title }) =>
        finalPath === null || finalPath === path ? [] : [truePage(finalPath, 'moved', title)],
      );
      return [...pages, ...moved];
    }),
  ];
}

const listItem = (c: Company) => ({ name: c.name, city: c.city, sector: c.sector, tags: c.tags });
const companyItem = ({ name, city, founded, employees, website, officers }: Company) => ({
  name,
  city,
  founded,
  employees,
  website,
  officers,
});

function allItems(): SampleSiteTruth['items'] {
  const items: SampleSiteTruth['items'] = {};
  companies.forEach((c, i) => {
    const list = `/companies?page=${Math.floor(i / (companies.length / LIST_PAGES)) + 1}`;
    (items[list] ??= []).push(listItem(c));
    if (!opens(c.quirk.page)) return;
    items[c.path] = [companyItem(c)];
    const unread: (Behaviour | undefined)[] = ['gone', 'disallowed', 'pdf'];
    if (!unread.includes(c.quirk.financials)) {
      items[c.financialsPath] = [{ title: financialsTitle(c), years: c.years }];
    }
  });
  return items;
}

/** What is really there, from the model that the pages are made of, for tests to compare results with. */
export function sampleSiteTruth(): SampleSiteTruth {
  const pages = allPages();
  const pathsOf = (wanted: (page: TruePage) => boolean): string[] => pages.filter(wanted).map((p) => p.path);
  return {
    pages,
    companies: [...companies],
    notFound: pathsOf((p) => p.status === 404),
    redirects: pages.flatMap(({ path, hops, finalPath }) =>
      hops.length > 0 && finalPath !== null ? [{ path, hops, finalPath }] : [],
    ),
    loops: pathsOf((p) => p.finalPath === null),
    flaky: pathsOf((p) => p.flaky),
    slow: pathsOf((p) => p.slow),
    disallowed: pathsOf((p) => !p.allowed),
    pdfs: pathsOf((p) => p.contentType === 'application/pdf'),
    otherCharsets: companies.flatMap((c) =>
      c.quirk.charset === undefined ? [] : [{ path: c.path, charset: c.quirk.charset }],
    ),
    stages: {
      stage1_segmentation: pathsOf((p) => p.kind === 'list' && p.path !== '/companies'),
      stage2_enrichment: pathsOf((p) => p.kind === 'company'),
      stage3_financials: pathsOf((p) => p.kind === 'financials'),
    },
    items: allItems(),
  };
}
