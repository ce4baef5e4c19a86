import type { JobSpecInput } from '#libs/events';
import { LIST_PAGES } from './companies.js';

export const STAGES = {
  list: 'stage1_segmentation',
  company: 'stage2_enrichment',
  financials: 'stage3_financials',
} as const;

/** The job that crawls the sample site in three stages: list page, company page, financials page. */
export function sampleJob(baseUrl: string): JobSpecInput {
  return {
    name: 'Sample: the company register',
    pages: { template: `${baseUrl}/companies?page={page}`, from: 1, to: LIST_PAGES },
    stages: [
      {
        name: STAGES.list,
        follow: [{ selector: 'a.company-card__link', stage: STAGES.company }],
        items: 'article.company-card',
        fields: {
          name: { selector: '.company-card__name' },
          city: { selector: '.city' },
          sector: { selector: '.sector' },
          tags: { selector: '.tag', list: true },
        },
      },
      {
        name: STAGES.company,
        follow: [{ pattern: '/financials(/|\\.pdf$|$)', stage: STAGES.financials }],
        fields: {
          name: { selector: 'h1.company-name' },
          city: { selector: '.facts .city' },
          founded: { selector: '.facts .founded' },
          employees: { selector: '.facts .employees' },
          website: { selector: 'a.website', attr: 'href' },
          officers: {
            selector: 'table.officers tbody tr',
            list: true,
            fields: {
              name: { selector: '.name' },
              role: { selector: '.role' },
              since: { selector: '.since' },
            },
          },
        },
      },
      {
        name: STAGES.financials,
        fields: {
          title: { selector: 'h1' },
          years: {
            selector: 'table.summary tbody tr',
            list: true,
            fields: {
              year: { selector: '.year' },
              revenue: { selector: '.revenue' },
              profit: { selector: '.profit' },
              equity: { selector: '.equity' },
              employees: { selector: '.employees' },
            },
          },
        },
      },
    ],
    politeness: { concurrency: 16, perHost: 16, delayMs: 0 },
  };
}
