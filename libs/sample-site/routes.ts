import { companies, LIST_PAGES, type Company } from './companies.js';
import { companyPage, hasReport, reportPath } from './company-pages.js';
import { financialsPage } from './financials-pages.js';
import { aboutPage, homePage, minutesPage, pressPage } from './plain-pages.js';
import { directoryPage, listPage, sectorPage } from './list-pages.js';
import type { Behaviour } from './quirks.js';
import { SECTORS } from './words.js';

/** What the site does at one path (query included). A path without a route is a 404. */
export type Route =
  | { kind: 'html'; render: () => string; flaky: boolean; slow: boolean; charset: string; header: string }
  | { kind: 'redirect'; status: number; location: string }
  | { kind: 'pdf'; text: string };

export const SLOW_PAGE_MS = 1500;

const html = (render: () => string, c?: Company, behaviour?: Behaviour): Route => {
  const charset = c?.quirk.charset ?? 'utf-8';
  return {
    kind: 'html',
    render,
    flaky: behaviour === 'flaky',
    slow: behaviour === 'slow',
    charset,
    header: c?.quirk.charsetBy === 'meta' ? 'text/html' : `text/html; charset=${charset}`,
  };
};

/** The routes of a page that behaves in its own way, the page itself under the path where it ends up. */
function routesOf(path: string, behaviour: Behaviour | undefined, content: () => Route): [string, Route][] {
  const redirect = (status: number, location: string): Route => ({ kind: 'redirect', status, location });
  const id = path.replaceAll('/', '-').slice(1);
  switch (behaviour) {
    case 'gone':
      return [];
    case 'pdf':
      return [[path, { kind: 'pdf', text: `Financial statements ${id}` }]];
    case 'chain':
      return [
        [path, redirect(301, `/moved/${id}/1`)],
        [`/moved/${id}/1`, redirect(302, `/moved/${id}/2`)],
        [`/moved/${id}/2`, redirect(308, `${path}-renamed`)],
        [`${path}-renamed`, content()],
      ];
    case 'relative':
      return [
        [path, redirect(301, `./${path.slice(path.lastIndexOf('/') + 1)}-holding`)],
        [`${path}-holding`, content()],
      ];
    case 'loop':
      return [
        [path, redirect(302, `/loop/${id}/a`)],
        [`/loop/${id}/a`, redirect(302, `/loop/${id}/b`)],
        [`/loop/${id}/b`, redirect(302, path)],
      ];
    default:
      return [[path, content()]];
  }
}

function buildRoutes(): Map<string, Route> {
  const routes = new Map<string, Route>([
    ['/', html(homePage)],
    ['/about', html(aboutPage)],
    ['/private/board-minutes', html(minutesPage)],
    ['/private/press-kit', html(pressPage)],
    ['/companies', { kind: 'redirect', status: 301, location: '?page=1' }],
  ]);
  for (let n = 1; n <= LIST_PAGES; n++) {
    routes.set(
      `/companies?page=${n}`,
      html(() => listPage(n)),
    );
    routes.set(
      `/directory/${n}`,
      html(() => directoryPage(n)),
    );
  }
  for (const sector of SECTORS)
    routes.set(
      `/sectors/${sector}`,
      html(() => sectorPage(sector)),
    );
  for (const c of companies) {
    const pages = [
      ...routesOf(c.path, c.quirk.page, () => html(() => companyPage(c), c, c.quirk.page)),
      ...routesOf(c.financialsPath, c.quirk.financials, () =>
        html(() => financialsPage(c), undefined, c.quirk.financials),
      ),
    ];
    for (const [path, route] of pages) routes.set(path, route);
    if (hasReport(c))
      routes.set(reportPath(c), { kind: 'pdf', text: `Annual report 2024 of company ${c.id}` });
  }
  return routes;
}

export const routes: ReadonlyMap<string, Route> = buildRoutes();

export const ROBOTS_TXT = `# The register asks crawlers for two things.
User-agent: *
Disallow: /private/
Allow: /private/press-kit

User-agent: slowbot
User-agent: SpoorSlow
Crawl-delay: 1
Disallow: /private/
`;
