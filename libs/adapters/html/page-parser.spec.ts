import { resolveSpec } from '#libs/job';
import { createPageParser, PageTooComplexError } from './index.js';

const URL_OF_PAGE = 'http://shop.test/list/page-1.html?sort=a';

function parse(html: string | Buffer, part: object = {}, request: object = {}) {
  const { spec } = resolveSpec({ start: ['http://shop.test/'], ...part });
  return createPageParser().parse({
    spec,
    stage: spec.stages[0]!.name,
    depth: 0,
    finalUrl: URL_OF_PAGE,
    contentType: 'text/html; charset=utf-8',
    body: Buffer.from(html),
    ...request,
  });
}

/** A stage that needs a tree and follows what the default stage follows. */
const byTree = { stages: [{ name: 'page', follow: [{ selector: '*', stage: 'page' }] }] };

const PAGE = `<!doctype html><title> A &amp; B
  </title><svg><title>icon</title></svg><h1>Hello <b>wor</b>ld&excl;</h1><h1>second</h1>
  <a href="/c/1">1</a><A HREF='/c/1#top'>again</A><a href=next.html rel=nofollow>2</a>
  <a href="/x?a=1&amp;b=2&copy=3">entities</a><a href="http://other.test/">off</a><a href="mailto:x@y">mail</a>
  <map><area href="/map"></map><a name=x>none</a><a href="">self</a><script>"<a href='/no'>"</script><!-- <a href="/no2"> -->
  <a class=x href="/late" href="/second">late</a><p>text`;

describe('a page without selectors', () => {
  it.each([
    ['tokens', {}],
    ['tree', byTree],
  ])('gives title, h1 and links by %s', (_, part) => {
    const page = parse(PAGE, part);
    expect(page).toMatchObject({ title: 'A & B', h1: 'Hello world!', charset: 'utf-8', items: [] });
    expect(page.links).toEqual({
      follow: {
        page: ['/c/1', '/list/next.html', '/x?a=1&b=2&copy=3', '/map', '/list/page-1.html?sort=a', '/late'],
      },
      skip: { 'off-host': ['http://other.test/'] },
    });
  });

  it.each([
    ['<base href="/deep/er/"><a href="x">', ['/deep/er/x']],
    ['<a href="x"><base href="http://shop.test/b/"><base href="/c/">', ['/b/x']],
    ['<base target=_blank><base href="javascript:1"><a href="x">', ['/list/x']],
  ])('resolves links by the first base: %s', (html, follow) => {
    for (const part of [{}, byTree]) expect(parse(html, part).links.follow).toEqual({ page: follow });
  });

  it('writes the final origin as paths and others in full', () => {
    const part = { scope: { hosts: ['shop.test', 'www.shop.test'] } };
    const { links } = parse('<a href="//www.shop.test/a"><a href="/b"><a href="https://shop.test/c">', part);
    expect(links.follow).toEqual({ page: ['http://www.shop.test/a', '/b', 'https://shop.test/c'] });
  });

  it('names the rule that holds each link back', () => {
    const part = { scope: { include: ['/de/'], exclude: ['/cart$'] } };
    const { links } = parse(
      '<a href="/de/1"><a href="/fr/1"><a href="/de/cart"><a href="http://o.test/de/">',
      part,
    );
    expect(links.follow).toEqual({ page: ['/de/1'] });
    expect(links.skip).toEqual({
      'not-included': ['/fr/1'],
      'exclude:/cart$': ['/de/cart'],
      'off-host': ['http://o.test/de/'],
    });
  });

  it('keeps links beyond the depth apart', () => {
    const part = { scope: { maxDepth: 2 } };
    expect(parse('<a href="/1">', part, { depth: 1 }).links.follow).toEqual({ page: ['/1'] });
    expect(parse('<a href="/1">', part, { depth: 2 }).links).toEqual({
      follow: {},
      skip: { 'too-deep': ['/1'] },
    });
  });

  it.each([
    ['application/pdf', '%PDF <a href="/x">', null],
    ['image/svg+xml', '<svg><a href="/x"/></svg>', null],
    ['', '  <html><title>t</title>', 't'],
    ['', 'plain <title>t</title>', null],
    ['application/xhtml+xml', '<html><head><title>t</title><script/></head><body/></html>', 't'],
    ['TEXT/HTML', '<title>t</title>', 't'],
  ])('reads %p as what it is', (contentType, body, title) => {
    expect(parse(body, {}, { contentType: contentType || null }).title).toBe(title);
  });

  it('is not hurt by what a hostile page can do', () => {
    expect(parse('<div>'.repeat(1_000_000) + '<a href="/x">').links.follow).toEqual({ page: ['/x'] });
    expect(parse(`<a href="${'x'.repeat(10_000_000)}"><a href="/x">`).links.follow).toEqual({ page: ['/x'] });
    expect(parse(`<title>${'t'.repeat(10_000_000)}</title>`).title).toHaveLength(2000);
    expect(parse('<title>a\0b</title><h1>&#xD800;</h1>')).toMatchObject({ title: 'a\ufffdb', h1: '\ufffd' });
  });
});

describe('a page with selectors', () => {
  const html = `<nav><a href="/c/1">nav</a><a href="/about">about</a></nav>
    <ul class="companies"><li data-id="7"><a href="c/1"> One
      Ltd </a><img src="1.png"><i>x</i><i>y</i></li><li><a href="/c/2">Two</a></li></ul><a class="next" href="?page=2">next</a>`;
  const stages = [
    {
      name: 'list',
      follow: [
        { selector: '.companies', stage: 'company' },
        { selector: 'a.next', pattern: 'page=', stage: 'list' },
      ],
      items: '.companies li',
      fields: {
        name: { selector: 'a' },
        url: { selector: 'a', attr: 'href' },
        logo: { selector: 'img', attr: 'src' },
        id: { selector: ':scope', attr: 'data-id' },
        marks: { selector: 'i', list: true },
        links: {
          selector: 'a',
          list: true,
          fields: { text: { selector: ':scope' }, none: { selector: 'u' } },
        },
      },
    },
    { name: 'company', fields: { h: { selector: 'a', attr: 'href' } } },
  ];

  it('sorts links into stages; a link chosen once is chosen', () => {
    expect(parse(html, { stages }, { finalUrl: 'http://shop.test/' }).links).toEqual({
      follow: { company: ['/c/1', '/c/2'], list: ['/?page=2'] },
      skip: { unfollowed: ['/about'] },
    });
  });

  it('extracts items', () => {
    expect(parse(html, { stages }, { finalUrl: 'http://shop.test/' }).items).toEqual([
      {
        index: 0,
        data: {
          name: 'One Ltd',
          url: 'http://shop.test/c/1',
          logo: 'http://shop.test/1.png',
          id: '7',
          marks: ['x', 'y'],
          links: [{ text: 'One Ltd', none: null }],
        },
      },
      {
        index: 1,
        data: {
          name: 'Two',
          url: 'http://shop.test/c/2',
          logo: null,
          id: null,
          marks: [],
          links: [{ text: 'Two', none: null }],
        },
      },
    ]);
  });

  it('takes the page itself as the item of a stage without items', () => {
    const page = parse(html, { stages }, { stage: 'company', finalUrl: 'http://shop.test/' });
    expect(page.items).toEqual([{ index: 0, data: { h: 'http://shop.test/c/1' } }]);
    expect(Object.keys(page.links.skip)).toEqual(['unfollowed']);
  });

  it('bounds depth and number of elements', () => {
    const deep = `${'<b>'.repeat(1500)}<a href="/x">deep</a>`;
    expect(parse(deep, byTree).links.follow).toEqual({ page: ['/x'] });
    expect(() => parse('<div>'.repeat(1_000_000), byTree)).toThrow(PageTooComplexError);
    expect(() => parse('<br>'.repeat(400_000), byTree)).toThrow(PageTooComplexError);
  });

  it('bounds what fields may copy', () => {
    const fields = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`f${i}`, { selector: 'p' }]));
    const page = `<p>${'long '.repeat(200_000)}</p>`;
    expect(() => parse(page, { stages: [{ name: 's', fields }] })).toThrow(PageTooComplexError);
  });
});
