/** What a company page, or its financials page, does other than answer 200. */
export type Behaviour = 'gone' | 'flaky' | 'slow' | 'chain' | 'relative' | 'loop' | 'disallowed' | 'pdf';

export interface Quirk {
  page?: Behaviour;
  financials?: Behaviour;
  charset?: 'windows-1252' | 'shift_jis';
  /** Where the charset is declared; a page that says it nowhere but in its meta element needs the prescan. */
  charsetBy?: 'header' | 'meta';
  name?: string;
  city?: string;
  slug?: string;
  financialsPath?: (slug: string) => string;
}

const privateFinancials: Quirk = {
  financials: 'disallowed',
  financialsPath: (slug) => `/private/financials/${slug}`,
};

/** By company id: the few that are not plain, spread over the list pages. */
const quirks: Readonly<Record<number, Quirk>> = {
  5: { charset: 'windows-1252', charsetBy: 'header', name: 'Société Électrique de l’Ouest', city: 'Orléans' },
  9: { charset: 'shift_jis', charsetBy: 'header', name: '株式会社さくら商事', city: '横浜' },
  17: { page: 'gone' },
  28: { page: 'chain' },
  35: { financials: 'gone' },
  42: { page: 'flaky' },
  50: privateFinancials,
  60: { page: 'slow' },
  71: { charset: 'windows-1252', charsetBy: 'meta', name: 'Müller & Söhne – Präzision', city: 'Köln' },
  77: { financials: 'flaky' },
  88: { financials: 'pdf', financialsPath: (slug) => `/companies/${slug}/financials.pdf` },
  93: { page: 'gone' },
  99: { charset: 'shift_jis', charsetBy: 'meta', name: '東京光学工業', city: '東京' },
  110: { page: 'relative' },
  123: { name: 'Łódź Œuvre & Çelik', slug: '%C5%82%C3%B3d%C5%BA-123' },
  128: { financials: 'gone' },
  150: { page: 'flaky' },
  164: privateFinancials,
  181: { page: 'gone' },
  199: { page: 'loop' },
  201: { financials: 'slow' },
  215: { financials: 'chain' },
  233: privateFinancials,
  260: { page: 'gone' },
  287: { charset: 'windows-1252', charsetBy: 'meta', name: 'Señal “Ibérica” 25 €', city: 'Cádiz' },
};

export const quirkOf = (id: number): Quirk => quirks[id] ?? {};
