import type { ExtractedItem, PageLinks } from '#libs/events';
import type { JobSpec } from '#libs/events';

export interface ParsedPage {
  title: string | null;
  h1: string | null;
  charset: string | null;
  links: PageLinks;
  items: ExtractedItem[];
}

export interface ParseRequest {
  spec: JobSpec;
  stage: string;
  depth: number;
  finalUrl: string;
  contentType: string | null;
  body: Buffer;
}

/** Bytes of a page to its title, links with their verdicts, and items. Binary types give an empty page. */
export interface PageParser {
  parse(request: ParseRequest): ParsedPage;
}
