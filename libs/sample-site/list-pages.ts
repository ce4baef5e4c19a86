import { companies, companiesOfListPage, LIST_PAGES, type Company } from './companies.js';
import { escape, page } from './layout.js';
import { Random } from './random.js';
import { sentence } from './words.js';

const logo = (c: Company): string => {
  const random = new Random(`logo ${c.id}`);
  const dots = Array.from({ length: 5 }, () => {
    const [x, y, r] = [random.int(4, 36), random.int(4, 36), random.int(2, 9)];
    return `<circle cx="${x}" cy="${y}" r="${r}" fill="hsl(${random.int(0, 359)} 55% 55%)"/>`;
  });
  return `<svg class="company-card__logo" viewBox="0 0 40 40" role="img" aria-hidden="true">${dots.join('')}</svg>`;
};

const blurb = (c: Company): string => {
  const random = new Random(`card ${c.id}`);
  return Array.from({ length: random.int(2, 7) }, () => sentence(random)).join(' ');
};

const card = (c: Company): string => `    <article class="company-card" data-company-id="${c.id}">
      <div class="company-card__head">
        ${logo(c)}
        <h2 class="company-card__name"><a class="company-card__link" href="${c.path}">${escape(c.name)}</a></h2>
      </div>
      <p class="company-card__meta"><span class="city">${escape(c.city)}</span> · <span class="sector">${c.sector}</span></p>
      <p class="company-card__tags">${c.tags.map((t) => `<span class="tag">${t}</span>`).join(' ')}</p>
      <p class="company-card__text">${blurb(c)}</p>
    </article>`;

const pagination = (current: number, href: (n: number) => string): string => {
  const links = Array.from({ length: LIST_PAGES }, (_, i) => i + 1).map((n) =>
    n === current
      ? `<span class="pagination__current" aria-current="page">${n}</span>`
      : `<a href="${href(n)}">${n}</a>`,
  );
  const previous = current > 1 ? `<a rel="prev" href="${href(current - 1)}">Previous</a>` : '';
  const next = current < LIST_PAGES ? `<a rel="next" href="${href(current + 1)}">Next</a>` : '';
  return `    <nav class="pagination" aria-label="Pages">${[previous, ...links, next].join(' ')}</nav>`;
};

export const listTitle = (n: number): string => `Companies, page ${n} of ${LIST_PAGES}`;
export const directoryTitle = (n: number): string => `Directory ${n}/${LIST_PAGES}`;

/** `/companies?page=N`: cards. */
export const listPage = (n: number): string =>
  page({
    title: listTitle(n),
    body: `    <h1>Companies</h1>
    <div class="card-grid">
${companiesOfListPage(n).map(card).join('\n')}
    </div>
${pagination(n, (to) => `?page=${to}`)}`,
  });

const row = (c: Company): string => `      <tr>
        <th scope="row"><a href="${c.path}#facts">${escape(c.name)}</a></th>
        <td>${escape(c.city)}</td><td>${c.sector}</td><td>${c.founded}</td><td>${c.employees}</td>
        <td>${sentence(new Random(`row ${c.id}`))} ${sentence(new Random(`row2 ${c.id}`))}</td>
      </tr>`;

const table = (rows: readonly Company[]): string => `    <table class="directory">
      <thead><tr><th>Company</th><th>City</th><th>Sector</th><th>Founded</th><th>Employees</th><th>Note</th></tr></thead>
      <tbody>
${rows.map(row).join('\n')}
      </tbody>
    </table>`;

/** `/directory/N`: the same companies in a table; links carry fragments. */
export const directoryPage = (n: number): string =>
  page({
    title: directoryTitle(n),
    body: `    <h1>Directory</h1>\n${table(companiesOfListPage(n))}\n${pagination(n, (to) => `../directory/${to}`)}`,
  });

export const sectorTitle = (sector: string): string => `Sector: ${sector}`;

export const sectorPage = (sector: string): string =>
  page({
    title: sectorTitle(sector),
    body: `    <h1>${sector}</h1>\n${table(companies.filter((c) => c.sector === sector))}`,
  });
