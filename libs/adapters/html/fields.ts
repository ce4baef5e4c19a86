import { parseUrl } from '#libs/events';
import type { ExtractedItem, FieldRule, Stage } from '#libs/events';
import { cleanText } from './text.js';
import { PageTooComplexError, type Tree } from './tree.js';

const URL_ATTRIBUTES = new Set(['href', 'src']);
/** Characters of all values of a page together: nested selectors could repeat a long page many times over. */
const MAX_TOTAL = 16 * 1024 * 1024;

type Selection = ReturnType<Tree>;

/** Items of a stage: one per match of `items`, else the page itself. Without fields there are none. */
export function extractItems($: Tree, stage: Stage, base: string): ExtractedItem[] {
  if (Object.keys(stage.fields).length === 0) return [];
  const extraction = new Extraction($, base);
  const scopes =
    stage.items === undefined
      ? [$.root()]
      : $(stage.items)
          .toArray()
          .map((el) => $(el));
  return scopes.map((scope, index) => ({ index, data: extraction.record(scope, stage.fields) }));
}

class Extraction {
  private total = 0;

  constructor(
    private readonly $: Tree,
    private readonly base: string,
  ) {}

  record(scope: Selection, fields: Record<string, FieldRule>): Record<string, unknown> {
    return Object.fromEntries(Object.entries(fields).map(([name, rule]) => [name, this.field(scope, rule)]));
  }

  /** What is missing is null, or an empty list. */
  private field(scope: Selection, rule: FieldRule): unknown {
    const matches = rule.selector === ':scope' ? scope : scope.find(rule.selector);
    if (rule.list)
      return matches
        .toArray()
        .map((element) => this.value(this.$(element), rule))
        .filter((value) => value !== null);
    return matches.length === 0 ? null : this.value(matches.first(), rule);
  }

  private value(element: Selection, rule: FieldRule): unknown {
    if (rule.fields) return this.record(element, rule.fields);
    const text = rule.attr === undefined ? element.text() : element.attr(rule.attr);
    if (text === undefined) return null;
    this.total += text.length;
    if (this.total > MAX_TOTAL) throw new PageTooComplexError('The fields of the page are too long');
    const clean = cleanText(text);
    const isUrl = rule.attr !== undefined && URL_ATTRIBUTES.has(rule.attr.toLowerCase());
    return isUrl ? (parseUrl(clean, this.base)?.href ?? clean) : clean;
  }
}
