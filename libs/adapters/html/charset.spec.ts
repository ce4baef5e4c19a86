import { existsSync, readFileSync } from 'node:fs';
import { charsetOf, decodeText } from './charset.js';

const FILE = '../shared/conformance/charset.json';

interface Case {
  id: string;
  data_b64: string;
  encoding: string;
  content_type?: string;
  text_contains?: string;
}

const cases: Case[] = existsSync(FILE)
  ? (JSON.parse(readFileSync(FILE, 'utf8')) as { cases: Case[] }).cases
  : [];
if (cases.length === 0) console.info(`skipped: no conformance cases at ${FILE}`);

describe('charset', () => {
  const test = cases.length > 0 ? it : it.skip;

  test('agrees with every conformance case', () => {
    const wrong = cases.filter((c) => {
      const body = Buffer.from(c.data_b64, 'base64');
      const charset = charsetOf(body, c.content_type ?? null);
      return (
        charset !== c.encoding.toLowerCase() || !decodeText(body, charset).includes(c.text_contains ?? '')
      );
    });
    expect(
      wrong.map(
        (c) =>
          `${c.id}: ${charsetOf(Buffer.from(c.data_b64, 'base64'), c.content_type ?? null)}, not ${c.encoding}`,
      ),
    ).toEqual([]);
  });

  it.each([
    ['UTF-8 that nobody declares', Buffer.from('<p>Größe'), null, 'utf-8', 'Größe'],
    [
      'bytes that are no UTF-8',
      Buffer.from('<p>Gr\xf6\xdfe', 'latin1'),
      'text/html',
      'windows-1252',
      'Größe',
    ],
    ['a BOM against the header', Buffer.from('\ufeff<p>ä'), 'text/html; charset=latin1', 'utf-8', '<p>ä'],
    [
      'a header against the meta',
      Buffer.from('<meta charset=utf-8><p>\xe4', 'latin1'),
      'text/html;charset=ISO-8859-1',
      'windows-1252',
      'ä',
    ],
    ['an unknown label', Buffer.from('<meta charset=utf-8><p>ä'), 'text/html; charset=klingon', 'utf-8', 'ä'],
  ])('reads %s', (_, body, contentType, charset, text) => {
    const found = charsetOf(body, contentType);
    expect(found).toBe(charset);
    expect(decodeText(body, found)).toContain(text);
    expect(decodeText(body, found)).not.toContain('\ufeff');
  });
});
