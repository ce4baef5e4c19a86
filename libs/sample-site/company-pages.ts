import { companies, type Company } from './companies.js';
import { escape, page } from './layout.js';
import { Random } from './random.js';
import { FIRST_NAMES, LAST_NAMES, sentence } from './words.js';

const paragraphs = (random: Random, count: number): string =>
  Array.from(
    { length: count },
    () => `      <p>${Array.from({ length: random.int(5, 9) }, () => sentence(random)).join(' ')}</p>`,
  ).join('\n');

/** Companies in the neighbourhood: the links between company pages. */
export const relatedTo = (c: Company): Company[] =>
  new Random(`related ${c.id}`).some(
    companies.filter((other) => other.id !== c.id),
    6,
  );

export const hasReport = (c: Company): boolean => c.id % 12 === 0;
export const reportPath = (c: Company): string => `/reports/${c.id}-2024.pdf`;

const facts = (c: Company): string => `    <section class="panel facts" id="facts">
      <h2>Facts</h2>
      <dl>
        <dt>City</dt><dd class="city">${escape(c.city)}</dd>
        <dt>Sector</dt><dd class="sector"><a href="/sectors/${c.sector}">${c.sector}</a></dd>
        <dt>Founded</dt><dd class="founded">${c.founded}</dd>
        <dt>Employees</dt><dd class="employees">${c.employees}</dd>
        <dt>Website</dt><dd><a class="website" href="${c.website}" rel="noopener">${c.website}</a></dd>
      </dl>
      <p>${c.tags.map((t) => `<span class="tag">${t}</span>`).join(' ')}</p>
    </section>`;

const officers = (c: Company): string => `    <section class="panel" id="officers">
      <h2>Officers</h2>
      <table class="officers"><thead><tr><th>Name</th><th>Role</th><th>Since</th></tr></thead><tbody>
${c.officers
  .map(
    (o) =>
      `        <tr><td class="name">${o.name}</td><td class="role">${o.role}</td><td class="since">${o.since}</td></tr>`,
  )
  .join('\n')}
      </tbody></table>
    </section>`;

const announcements = (random: Random): string => `    <section class="panel">
      <h2>Announcements</h2>
      <ol class="timeline">
${Array.from(
  { length: random.int(14, 40) },
  () =>
    `        <li><time datetime="${random.int(2010, 2024)}-0${random.int(1, 9)}-1${random.int(0, 9)}">${random.int(1, 28)}.${random.int(1, 12)}.</time>
          <strong>${random.pick(FIRST_NAMES)} ${random.pick(LAST_NAMES)}</strong>: ${sentence(random)}</li>`,
).join('\n')}
      </ol>
    </section>`;

const related = (c: Company): string => `    <aside class="panel related">
      <h2>Nearby</h2>
      <ul>
${relatedTo(c)
  .map((r) => `        <li><a href="${r.path}">${escape(r.name)}</a>, ${escape(r.city)}</li>`)
  .join('\n')}
      </ul>
    </aside>`;

const jsonLd = (c: Company): string =>
  `    <script type="application/ld+json">${JSON.stringify({
    '@context': 'https://schema.org',
    '@type': 'Organization',
    identifier: c.id,
    foundingDate: c.founded,
    url: c.website,
  })}</script>`;

export function companyPage(c: Company): string {
  const random = new Random(`page ${c.id}`);
  const report = hasReport(c) ? ` · <a class="report" href="${reportPath(c)}">Annual report (PDF)</a>` : '';
  const sections = [
    facts(c),
    officers(c),
    `    <section class="panel profile">\n      <h2>Profile</h2>\n${paragraphs(random, random.int(4, 12))}\n    </section>`,
    announcements(random),
  ];
  // Real sites do not keep their sections in one order.
  if (c.id % 3 === 0) sections.reverse();
  return page({
    title: `${c.name} | The Company Register`,
    charsetMeta:
      c.quirk.charset === undefined ? 'utf-8' : c.quirk.charsetBy === 'meta' ? c.quirk.charset : '',
    lang: c.quirk.charset === 'shift_jis' ? 'ja' : 'en',
    body: `    <nav class="breadcrumbs"><a href="/companies?page=${Math.ceil(c.id / 20)}">Companies</a> › ${escape(c.name)}</nav>
    <h1 class="company-name">${escape(c.name)}</h1>
    <p class="actions"><a class="financials-link" href="${c.financialsPath}">Financials</a>${report} · <a href="#officers">Officers</a></p>
${jsonLd(c)}
${sections.join('\n')}
${related(c)}`,
  });
}
