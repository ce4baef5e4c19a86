import type { Company } from './companies.js';
import { escape, page } from './layout.js';
import { Random } from './random.js';
import { sentence } from './words.js';

const STATEMENTS: Readonly<Record<string, readonly string[]>> = {
  'Income statement': ['Sales', 'Materials', 'Wages', 'Depreciation', 'Other expenses', 'Interest', 'Taxes'],
  'Balance sheet': [
    'Property',
    'Machinery',
    'Inventories',
    'Receivables',
    'Cash',
    'Equity',
    'Loans',
    'Payables',
  ],
  'Cash flow': ['Operations', 'Investments', 'Financing', 'Currency effects', 'Change in cash'],
  Segments: ['Domestic', 'Neighbouring countries', 'Overseas', 'Services', 'Eliminations'],
};

const statement = (c: Company, name: string, lines: readonly string[]): string => {
  const random = new Random(`statement ${c.id} ${name}`);
  const head = c.years.map((y) => `<th scope="col">${y.year}</th>`).join('');
  const rows = lines.map(
    (line) =>
      `          <tr><th scope="row">${line}</th>${c.years.map(() => `<td class="num">${random.int(-900, 99000)}</td>`).join('')}</tr>`,
  );
  return `    <section class="panel statement">
      <table class="statement__table">
        <caption>${name} (thousand EUR)</caption>
        <thead><tr><th scope="col">Line</th>${head}</tr></thead>
        <tbody>
${rows.join('\n')}
        </tbody>
      </table>
      <p class="note">${sentence(random)} ${sentence(random)} ${sentence(random)}</p>
    </section>`;
};

const summary = (c: Company): string => `    <section class="panel">
      <table class="summary"><caption>At a glance</caption>
        <thead><tr><th>Year</th><th>Revenue</th><th>Profit</th><th>Equity</th><th>Employees</th></tr></thead>
        <tbody>
${c.years
  .map(
    (y) =>
      `          <tr><th class="year">${y.year}</th><td class="revenue">${y.revenue}</td><td class="profit">${y.profit}</td>` +
      `<td class="equity">${y.equity}</td><td class="employees">${y.employees}</td></tr>`,
  )
  .join('\n')}
        </tbody>
      </table>
    </section>`;

export const financialsTitle = (c: Company): string => `${c.name}: financials`;

export const financialsPage = (c: Company): string =>
  page({
    title: financialsTitle(c),
    body: `    <nav class="breadcrumbs"><a href="${c.path}">${escape(c.name)}</a> › Financials</nav>
    <h1>${escape(financialsTitle(c))}</h1>
${summary(c)}
${Object.entries(STATEMENTS)
  .map(([name, lines]) => statement(c, name, lines))
  .join('\n')}`,
  });
