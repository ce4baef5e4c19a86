import { scriptShell } from '#libs/job';
import { readPageFacts } from './index.js';

const facts = (html: string, contentType: string | null = 'text/html') =>
  readPageFacts(Buffer.from(html), contentType);
const shell = (html: string) => {
  const found = facts(html);
  return found && scriptShell(found);
};
const text = 'Words that a person reads. '.repeat(30);

describe('what a page says before its scripts have run', () => {
  it('counts what a person reads, and nothing else', () => {
    const page = `<head><title>Title</title><style>${text}</style></head><body><script>${text}</script>
      <noscript>${text}</noscript><template>${text}</template><!-- ${text} --><p>one   two</p><svg><text>${text}</text></svg></body>`;
    expect(facts(page)).toEqual({
      ...{ textLength: 7, scripts: 1, emptyMount: false },
      ...{ title: true, description: false, h1: false, canonical: false },
    });
  });

  it('finds what pages say of themselves', () => {
    const page = `<title>t</title><meta name="Description" content="d"><link rel=canonical href=/><h1><b>h</b></h1>`;
    expect(facts(page)).toMatchObject({ title: true, description: true, h1: true, canonical: true });
    expect(facts('<title> </title><meta name=description content=""><h1></h1>')).toMatchObject({
      ...{ title: false, description: false, h1: false },
    });
  });

  it.each([
    ['<div id="root"></div>', true],
    ['<div id=app><div class=spinner></div></div>', true],
    ['<app-root></app-root>', true],
    ['<div id="__next"><p>content</p></div>', false],
    ['<div id="other"></div>', false],
  ])('%s waits for an application: %s', (html, expected) => expect(facts(html)?.emptyMount).toBe(expected));

  it.each([
    ['an application', '<script src=/app.js></script><div id=root></div>', 'short_text'],
    ['a page with its text', `<script src=/app.js></script><p>${text}</p>`, null],
    ['a short page without scripts', '<p>Gone.</p>', null],
    [
      'an application with a long footer',
      `<script></script><div id=root></div><footer>${text}</footer>`,
      'empty_shell',
    ],
  ])('%s', (_, html, reason) => expect(shell(html)).toBe(reason));

  it('has nothing to say of what is no page', () => {
    expect(facts('{"a":1}', 'application/json')).toBeNull();
    expect(facts('<a/>', 'application/xml')).toBeNull();
    expect(facts('')).toBeNull();
    expect(facts('<html><p>x', null)?.textLength).toBe(1);
  });

  it('ends early where there are too many elements for a shell', () => {
    expect(shell('<script></script>' + '<div>'.repeat(1_000_000))).toBeNull();
  });
});
