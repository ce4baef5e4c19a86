import { scan, type Scanned } from './scan.js';
import { scanHtml } from './scan-html.js';

/** mulberry32 */
function random(seed: number): () => number {
  let a = seed | 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * Pieces that pages are drawn from. Not among them, because there the tokenizer is wrong: tags such as `<tmp>`, which it takes for
 * `<xmp>` (it looks at the second letter only), and control characters that it takes for `<` and `/`.
 */
const PIECES = [
  ...['<', '>', '</', '/>', '/', '=', '"', "'", ' ', '\n', '\t', '&', ';', '-', '!', '?', '[', ']', 'a', 'x'],
  ...[
    '<a ',
    '<A\n',
    '<a>',
    '</a>',
    '<area ',
    '<base ',
    '<abbr ',
    '<b>',
    '<div class="c">',
    '<h1>',
    '<H1 id=x>',
  ],
  ...['</h1>', '</H1 >', '<h1/>', '<title>', '</title>', '</TITLE\n>', '<title/>', '<title x="/">', '<svg>'],
  ...[
    '<script>',
    '</script>',
    '</script ',
    '<script src=x />',
    '<style>',
    '</style>',
    '<textarea>',
    '</textarea>',
  ],
  ...[
    '<xmp>',
    '</xmp>',
    '<scripty>',
    '</scriptx>',
    '</scrip',
    '<plaintext>',
    '<a/b>',
    '</3>',
    '</ >',
    '< a>',
  ],
  ...['<!--', '-->', '--!>', '<!-->', '<!--->', '<!-', '<!doctype html>', '<!', '<![CDATA[', ']]>', ']]]>'],
  ...[
    '<![CDAT',
    '<?xml ?>',
    '<?',
    'href',
    ' href=',
    ' HREF = ',
    ' href="/one"',
    " href='/two'",
    ' href=/three',
  ],
  ...[
    ' href ',
    ' href="',
    " href='",
    ' href=/f/>',
    ' href=">"',
    ' xhref=/no',
    ' href=""',
    ' =href=/eq',
    ' hre f=/g',
  ],
  ...[
    ' href="/q?a=1&amp;b=2&copy=3"',
    ' href=/u&lt',
    ' href="&#x2f;e&#47"',
    '&amp;',
    '&lt',
    '&notit;',
    '&#65;',
    '&#xD800;',
  ],
  ...[
    'text',
    'Größe',
    '\u2028',
    '\u{1f40c}',
    'ſcript',
    '\u212a',
    '\0',
    '\u00a0',
    '</scRipt>',
    '<sTyle type="a>b">',
  ],
];

function draw(r: () => number): string {
  let page = '';
  for (let n = 1 + Math.floor(r() * 40); n > 0; n -= 1) page += PIECES[Math.floor(r() * PIECES.length)];
  return page;
}

/** Ends whatever a drawn page may have left open. */
const CLOSED = `-->]]>"'></script></style></textarea></xmp></title></h1><p>`;

const plain = ({ hrefs, ...rest }: Scanned): object => ({ ...rest, hrefs: [...hrefs] });

describe('scanHtml', () => {
  it('finds what the tokens of htmlparser2 tell, on drawn pages', () => {
    for (let seed = 1; seed <= 30_000; seed += 1) {
      const page = draw(random(seed)) + CLOSED;
      const found = plain(scanHtml(page));
      const expected = plain(scan(page, false));
      if (JSON.stringify(found) !== JSON.stringify(expected))
        expect({ seed, page, ...found }).toEqual({ seed, page, ...expected });
    }
  });

  it('finds the same links where a page ends anywhere', () => {
    for (let seed = 1; seed <= 20_000; seed += 1) {
      const page = draw(random(-seed));
      const found = scanHtml(page);
      const expected = scan(page, false);
      if (found.base !== expected.base || `${[...found.hrefs]}` !== `${[...expected.hrefs]}`)
        expect({ seed, page, ...plain(found) }).toEqual({ seed, page, ...plain(expected) });
    }
  });

  it.each([
    ['<tmp><a href="/x">', ['/x']],
    ['<xitle><a href="/x">', ['/x']],
  ])('is not misled by a tag that resembles another one: %s', (page, hrefs) => {
    expect([...scanHtml(page).hrefs]).toEqual(hrefs);
  });

  it('leaves out an href that is too long, and counts a character reference as one', () => {
    const references = '&amp;'.repeat(8000);
    expect([...scanHtml(`<a href="/${references}"><a href="/${'x'.repeat(9000)}">`).hrefs]).toEqual([
      `/${'&'.repeat(8000)}`,
    ]);
  });

  it.each([
    ['open angle brackets', '<'],
    ['open tags', '<a '],
    ['open comments', '<!--'],
    ['open scripts', '<script>'],
    ['end tags', '</ '],
    ['quotes', '<a href="'],
    ['declarations', '<![CDATA['],
    ['titles', '<title>&amp;'],
    ['headings', '<h1>&amp;</h1>'],
  ])('comes to the end of a megabyte of nothing but %s, with what a tokenizer finds', (_, piece) => {
    // How long that takes is measured by `npm run bench -- micro`: quadratic work would take minutes.
    const page = piece.repeat(1_000_000 / piece.length);
    expect(scanHtml(page)).toEqual(scan(page, false));
  });
});
