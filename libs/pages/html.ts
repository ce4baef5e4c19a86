/** Markup that is whole and safe: made by `html` alone, so whatever else stands in a page has been escaped. */
export class Html {
  private constructor(readonly text: string) {}

  toString(): string {
    return this.text;
  }

  /** @internal for `html` */
  static of(text: string): Html {
    return new Html(text);
  }
}

/** What may stand in a template. Text is escaped; `false`, `null` and `undefined` are nothing. */
export type Content = Html | string | number | false | null | undefined | readonly Content[];

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
/** Controls that no page has a use for, and marks that turn the direction of what follows them. */
// eslint-disable-next-line no-control-regex -- they are what is looked for
const UNSEEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

export const escapeHtml = (text: string): string =>
  text.replace(UNSEEN, '\ufffd').replace(/[&<>"']/g, (char) => ESCAPES[char]!);

function rendered(value: Content): string {
  if (value instanceof Html) return value.text;
  if (value === null || value === undefined || value === false) return '';
  if (typeof value === 'object') return value.map(rendered).join('');
  return escapeHtml(String(value));
}

/**
 * A tagged template whose values are escaped, for text and for quoted attributes. What is within <script>, <style> or an event
 * attribute needs other rules than these, and the pages have none of them.
 * @throws TypeError when a value would stand in an attribute without quotes
 */
export function html(parts: TemplateStringsArray, ...values: Content[]): Html {
  let text = parts[0]!;
  values.forEach((value, i) => {
    if (/<[^>]*=$/.test(parts[i]!)) throw new TypeError(`an attribute without quotes: ${parts[i]}`);
    text += rendered(value) + parts[i + 1]!;
  });
  return Html.of(text);
}

/** An attribute that is there or not, such as `disabled`. @param name as it stands in this program, never from outside */
export const flag = (
  name: 'checked' | 'selected' | 'disabled' | 'required' | 'open',
  on: boolean,
): Html | null => (on ? Html.of(` ${name}`) : null);
