import type { Delivery } from '#libs/engine/ports';
import type { Life } from '../life.js';
import type { Site, SitePage } from '../site.js';

/** One request as the site saw it, with what its worker had been given. */
export interface Visit {
  at: number;
  url: string;
  life: Life;
  /** More than one when its worker has several deliveries of it. */
  tasks: WorkedOn[];
  /** When its answer was there. */
  ended?: number;
}

/** A delivery in a worker's hands. */
export interface WorkedOn {
  delivery: Delivery;
  /** Head of the log when it came to the worker. */
  headThen: number;
}

/** All sites of a run, and what was asked of them. */
export class Web {
  readonly visits: Visit[] = [];
  /** Proxies answer nobody until then. */
  proxyDownUntil = 0;
  private readonly pages = new Map<string, SitePage>();
  private readonly asked = new Map<string, number>();
  private readonly robotsAsked = new Set<string>();

  add(site: Site): void {
    for (const page of site.pages.values()) this.pages.set(page.url, page);
  }

  page(url: string): SitePage {
    const page = this.pages.get(url);
    if (!page) throw new Error(`no site has ${url}`);
    return page;
  }

  answer(visit: Visit): SitePage['answers'][number] {
    this.visits.push(visit);
    const { answers } = this.page(visit.url);
    const n = this.asked.get(visit.url) ?? 0;
    this.asked.set(visit.url, n + 1);
    return answers[Math.min(n, answers.length - 1)]!;
  }

  robots(url: string): 'allowed' | 'disallowed' | 'unreachable' {
    const { robots } = this.page(url);
    if (robots !== 'unreachable-once') return robots;
    const isFirst = !this.robotsAsked.has(url);
    this.robotsAsked.add(url);
    return isFirst ? 'unreachable' : 'allowed';
  }
}
