import type { Facts } from '../harness/facts.js';
import { outcomes } from './o1-outcomes.js';
import { rebuild } from './o2-rebuild.js';
import { requests } from './o3-requests.js';
import { acknowledged } from './o4-acknowledged.js';
import { books } from './o5-books.js';
import { quiet } from './o6-quiet.js';

/** Each says what is broken, in words that name the place; nothing when it holds. */
export const oracles: Record<string, (facts: Facts) => string[]> = {
  O1: outcomes,
  O2: rebuild,
  O3: requests,
  O4: acknowledged,
  O5: books,
  O6: quiet,
};
