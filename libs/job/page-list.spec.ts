import { PageList } from './page-list.js';
import { TextArena } from './text-arena.js';

describe('PageList', () => {
  test('gives back what was put in, over many chunks, while pages are closed between', () => {
    const pages = new PageList();
    const url = (i: number): string => `https://a.test/${'x'.repeat(i % 97)}/${i}`;
    for (let i = 0; i < 20_000; i++) {
      expect(pages.push('https://a.test', url(i).slice(14), i % 300, `stage-${i % 3}`)).toBe(i);
      if (i % 2 === 1) pages.close(i, 'fetched');
    }
    for (let i = 0; i < 20_000; i++)
      expect(pages.entry(i)).toMatchObject({
        ...{ index: i, url: i % 2 === 1 ? '' : url(i), depth: i % 300, stage: `stage-${i % 3}` },
        ...{ outcome: i % 2 === 1 ? 'fetched' : 'open', attempts: 0, requeuedInRun: 0 },
      });
  });

  test('a URL that is not ASCII, or longer than any page has, is kept as it is', () => {
    const pages = new PageList();
    const urls = ['https://a.test/ü', 'https://a.test/日本', `https://a.test/${'y'.repeat(70_000)}`, ''];
    urls.forEach((url) => pages.push('', url, 0, 'page'));
    pages.push('https://a.test', '/plain', 0, 'page');
    urls.forEach((url, i) => expect(pages.url(i)).toBe(url));
    expect(pages.url(4)).toBe('https://a.test/plain');
    pages.close(0, 'failed');
    expect(pages.url(0)).toBe('');
    pages.reopen(0, urls[0]!);
    expect(pages.entry(0)).toMatchObject({ url: urls[0], outcome: 'open' });
  });

  test('notes go when the page has its outcome', () => {
    const pages = new PageList();
    pages.push('', 'https://a.test/', 0, 'page');
    pages.note(0, { attempts: 2, dueAt: 5 });
    pages.note(0, { tries: 3 });
    expect(pages.entry(0)).toMatchObject({ attempts: 2, dueAt: 5, tries: 3, tryRun: 0 });
    pages.close(0, 'skipped');
    expect(pages.entry(0)).toMatchObject({ attempts: 0, dueAt: 0, tries: 0 });
  });
});

test('a chunk that nothing lies in any more is given back, and places of others stay', () => {
  const arena = new TextArena();
  const text = 'z'.repeat(1000);
  const places = Array.from({ length: 2000 }, (_, i) => arena.add(text, String(i)));
  const all = arena.bytes;
  expect(all).toBeGreaterThan(1_900_000);
  for (const place of places.slice(0, -1)) arena.drop(place);
  expect(arena.bytes).toBeLessThan(all / 4);
  expect(arena.get(places.at(-1)!)).toBe(`${text}1999`);
});
