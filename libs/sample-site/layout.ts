import { LIST_PAGES } from './companies.js';
import { SECTORS } from './words.js';

export const escape = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');

/** Paths that stand on every page. */
export const NAV_PATHS = [
  '/',
  '/companies?page=1',
  '/directory/1',
  ...SECTORS.map((s) => `/sectors/${s}`),
  '/about',
] as const;

const CSS = `
:root{--ink:#1c2430;--paper:#fff;--line:#d8dee6;--accent:#0b5fa5;--muted:#66717f;--gap:1rem}
*{box-sizing:border-box}body{margin:0;font:16px/1.55 system-ui,sans-serif;color:var(--ink);background:#f5f7fa}
a{color:var(--accent);text-decoration:none}a:hover,a:focus{text-decoration:underline}
.site-header{background:var(--paper);border-bottom:1px solid var(--line);position:sticky;top:0;z-index:10}
.site-header__inner{max-width:72rem;margin:auto;padding:.75rem var(--gap);display:flex;gap:2rem;align-items:center}
.site-nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1rem;list-style:none;margin:0;padding:0}
.site-nav__group>ul{display:none;position:absolute;background:var(--paper);border:1px solid var(--line);padding:.5rem}
.site-nav__group:hover>ul{display:grid;grid-template-columns:repeat(2,minmax(9rem,1fr))}
main{max-width:72rem;margin:1.5rem auto;padding:0 var(--gap);display:grid;gap:1.5rem}
.card-grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(18rem,1fr));gap:var(--gap)}
.company-card,.panel{background:var(--paper);border:1px solid var(--line);border-radius:.5rem;padding:1rem}
.company-card__head{display:flex;gap:.75rem;align-items:center}.company-card__logo{width:2.5rem;height:2.5rem}
.tag{display:inline-block;background:#e8f0f8;border-radius:1rem;padding:.1rem .6rem;margin:.1rem;font-size:.8rem}
table{border-collapse:collapse;width:100%;background:var(--paper)}caption{text-align:left;font-weight:600;padding:.5rem 0}
th,td{border:1px solid var(--line);padding:.35rem .6rem;text-align:right}th:first-child,td:first-child{text-align:left}
.pagination{display:flex;gap:.4rem;justify-content:center;flex-wrap:wrap}.pagination__current{font-weight:700}
.site-footer{border-top:1px solid var(--line);color:var(--muted);font-size:.85rem;padding:1.5rem var(--gap)}
@media (max-width:40rem){.site-header__inner{flex-direction:column;align-items:flex-start}.card-grid{grid-template-columns:1fr}}
@media print{.site-header,.site-footer,.pagination{display:none}}`;

const nav = (): string => {
  const sectors = SECTORS.map((s) => `<li><a href="/sectors/${s}">${s}</a></li>`).join('\n          ');
  return `<nav class="site-nav" aria-label="Main">
      <ul>
        <li><a href="/">Home</a></li>
        <li><a href="/companies?page=1">Companies</a></li>
        <li><a href="/directory/1">Directory</a></li>
        <li class="site-nav__group"><span tabindex="0">Sectors</span><ul>
          ${sectors}
        </ul></li>
        <li><a href="/about">About</a></li>
      </ul>
    </nav>`;
};

export interface Shell {
  title: string;
  body: string;
  charsetMeta?: string | undefined;
  lang?: string | undefined;
}

/** The page around every content. */
export const page = ({ title, body, charsetMeta = 'utf-8', lang = 'en' }: Shell): string => `<!doctype html>
<html lang="${lang}">
<head>
${charsetMeta === '' ? '' : `  <meta charset="${charsetMeta}">\n`}  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>${escape(title)}</title>
  <meta name="description" content="A directory of made-up companies for trying out a crawler.">
  <style>${CSS}</style>
  <script>/* <a href="/not-a-link"> in a script is no link */ window.site = { pages: ${LIST_PAGES} };</script>
</head>
<body>
  <a class="skip-link" href="#content">Skip to content</a>
  <header class="site-header"><div class="site-header__inner">
    <strong class="site-title">The Company Register</strong>
    ${nav()}
    <form action="/search" role="search"><input type="search" name="q" aria-label="Search"><button>Search</button></form>
  </div></header>
  <main id="content">
${body}
  </main>
  <footer class="site-footer">
    <p>All companies, people and figures are invented. <a href="mailto:register@elsewhere.invalid?subject=Correction">Report an error</a>
    · <a href="https://elsewhere.invalid/imprint" rel="nofollow">Imprint</a> · <a href="#content">Top</a></p>
  </footer>
</body>
</html>
`;
