import { quirkOf, type Quirk } from './quirks.js';
import { Random } from './random.js';
import { CITIES, CORES, FIRST_NAMES, LAST_NAMES, ROLES, SECTORS, SUFFIXES, TAGS } from './words.js';

export const COMPANY_COUNT = 300;
export const PER_LIST_PAGE = 20;
export const LIST_PAGES = COMPANY_COUNT / PER_LIST_PAGE;

export interface Officer {
  name: string;
  role: string;
  since: string;
}

export interface FinancialYear {
  year: string;
  revenue: string;
  profit: string;
  equity: string;
  employees: string;
}

/** Every value is the text that stands on the page. */
export interface Company {
  id: number;
  name: string;
  sector: string;
  city: string;
  founded: string;
  employees: string;
  tags: string[];
  officers: Officer[];
  website: string;
  years: FinancialYear[];
  /** Path that list pages link to. */
  path: string;
  /** Path that the company page links to for its figures. */
  financialsPath: string;
  quirk: Quirk;
}

const thousands = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ',');
const slugOf = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]+/g, '-');

function financialYears(random: Random, founded: number, employees: number): FinancialYear[] {
  const first = Math.max(founded, 2024 - random.int(3, 9));
  let revenue = employees * random.int(90, 240);
  let staff = employees;
  const years: FinancialYear[] = [];
  for (let year = 2024; year >= first; year--) {
    years.push({
      year: String(year),
      revenue: thousands(revenue),
      profit: thousands(Math.round((revenue * random.int(2, 14)) / 100)),
      equity: thousands(Math.round((revenue * random.int(25, 60)) / 100)),
      employees: thousands(staff),
    });
    revenue = Math.round((revenue * random.int(86, 99)) / 100);
    staff = Math.max(1, Math.round((staff * random.int(92, 100)) / 100));
  }
  return years;
}

function makeCompany(id: number): Company {
  const random = new Random(`company ${id}`);
  const quirk = quirkOf(id);
  const core = CORES[(id - 1) % CORES.length] ?? 'Spoor';
  const plain = `${core} ${SUFFIXES[Math.floor((id - 1) / CORES.length)] ?? 'Works'}`;
  const slug = `${slugOf(plain)}-${id}`;
  const founded = random.int(1890, 2019);
  const employees = random.int(12, 9000);
  const path = `/companies/${quirk.slug ?? slug}`;
  return {
    id,
    name: quirk.name ?? plain,
    sector: random.pick(SECTORS),
    city: quirk.city ?? random.pick(CITIES),
    founded: String(founded),
    employees: thousands(employees),
    tags: random.some(TAGS, random.int(1, 4)),
    officers: ROLES.slice(0, random.int(1, ROLES.length)).map((role) => ({
      name: `${random.pick(FIRST_NAMES)} ${random.pick(LAST_NAMES)}`,
      role,
      since: String(random.int(2005, 2024)),
    })),
    website: `https://elsewhere.invalid/${slug}`,
    years: financialYears(random, founded, employees),
    path,
    financialsPath: quirk.financialsPath?.(slug) ?? `${path}/financials`,
    quirk,
  };
}

/** All companies of the site, by id from 1. */
export const companies: readonly Company[] = Array.from({ length: COMPANY_COUNT }, (_, i) =>
  makeCompany(i + 1),
);

export const companiesOfListPage = (page: number): readonly Company[] =>
  companies.slice((page - 1) * PER_LIST_PAGE, page * PER_LIST_PAGE);
