/** What a page says before its scripts have run. */
export interface PageFacts {
  /** Characters that a person would read, counted up to `ENOUGH_TEXT`. */
  textLength: number;
  scripts: number;
  /** An element that frameworks fill is there, and is empty. */
  emptyMount: boolean;
  title: boolean;
  description: boolean;
  h1: boolean;
  canonical: boolean;
}

/** A page with so much to read has its content, whatever its scripts add. */
export const ENOUGH_TEXT = 500;
/** Of title, description, heading and canonical link: so few are left out by accident. */
const MISSING_OF_SHELL = 2;

/**
 * Whether a page is a shell that scripts fill: it has scripts, and next to nothing to read; or it has an empty element for an
 * application and lacks what pages say of themselves. Without a script a browser would show the same.
 * @returns why, or null when the response is the page
 */
export function scriptShell(facts: PageFacts): 'short_text' | 'empty_shell' | null {
  const { textLength, scripts, emptyMount, title, description, h1, canonical } = facts;
  if (scripts === 0) return null;
  if (textLength < ENOUGH_TEXT) return 'short_text';
  const missing = [title, description, h1, canonical].filter((there) => !there).length;
  return emptyMount && missing >= MISSING_OF_SHELL ? 'empty_shell' : null;
}
