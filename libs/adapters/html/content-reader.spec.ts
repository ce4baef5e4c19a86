import { HtmlContentReader } from './content-reader.js';

describe('content of a page', () => {
  const reader = new HtmlContentReader();
  const page = (html: string) => reader.readableText(html);

  it.each([
    ['text/html; charset=iso-8859-1', Buffer.from('<p>caf\xe9</p>', 'latin1'), 'html', '<p>café</p>'],
    [null, Buffer.from('  <!DOCTYPE html><p>x'), 'html', '  <!DOCTYPE html><p>x'],
    [null, Buffer.from('plain'), 'text', 'plain'],
    ['application/json', Buffer.from('{"a":"ü"}'), 'text', '{"a":"ü"}'],
    ['application/vnd.api+json', Buffer.from('{}'), 'text', '{}'],
    ['application/atom+xml', Buffer.from('<a/>'), 'text', '<a/>'],
  ])('given %s, then it is text in its encoding', (type, body, kind, text) => {
    expect(reader.read(body, type)).toEqual({ kind, text });
  });

  it.each([
    ['image/png', false],
    ['application/pdf', false],
    ['text/html', true],
    [null, false],
  ])('given bytes that are no text under %s, then they are binary', (type, saysText) => {
    expect(reader.read(Buffer.from([137, 80, 0, 1, 2]), type)).toEqual({ kind: 'binary', saysText });
  });

  it('given a page, then a person reads its text in order: no scripts, styles, menus or link targets', () => {
    const html = `<html><head><title>T</title><style>p{}</style></head><body><nav>Menu</nav>
      <h1>Heading</h1><p>One <a href="/x">link</a>.</p><script>alert(1)</script><ul><li>a</li><li>b</li></ul>
      <table><tr><th>Name</th><th>Age</th></tr><tr><td>Ann</td><td>7</td></tr></table></body></html>`;
    const text = page(html);
    expect(text.replace(/\s+/g, ' ')).toBe('Heading One link. * a * b Name Age Ann 7');
  });

  it.each([
    ['nested a hundred thousand deep', '<div>'.repeat(100_000) + 'deep'],
    ['tables in tables', '<table><tr><td>'.repeat(5000) + 'deep'],
    ['lists in lists', '<ul><li>'.repeat(20_000) + 'deep'],
    ['unclosed everything', '<b><i><a><p>'.repeat(50_000)],
  ])('given a page that is %s, then it ends, with text or with an error', (_, html) => {
    let ended: unknown;
    try {
      ended = page(html);
    } catch (error) {
      ended = error;
    }
    expect(typeof ended === 'string' || ended instanceof Error).toBe(true);
  });
});
