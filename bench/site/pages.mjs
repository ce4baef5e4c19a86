// Pages of a finite site, each a function of its number: 30 KB in the median, 40 links, real-looking markup.

/** mulberry32: the same numbers on every machine. */
export function random(seed) {
  let a = seed | 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const SYLLABLES =
  'an be cor dil en fa gri hol is jun ke lum mar no or pel qua ris sen tor ul ven wy xi yor zen'.split(' ');
const LINKS = 40;
const CHILDREN = 8;

const draw = random(7);
const WORDS = Array.from({ length: 3000 }, () =>
  Array.from(
    { length: 1 + Math.floor(draw() * 4) },
    () => SYLLABLES[Math.floor(draw() * SYLLABLES.length)],
  ).join(''),
);

/** What a site of `pages` pages answers: which paths exist, and how each of them behaves. */
export class Site {
  constructor(pages) {
    this.pages = pages;
    this.missing = Math.round(pages * 0.02);
    this.moved = Math.round(pages * 0.03);
    this.failing = Math.round(pages * 0.01);
    this.forbidden = Math.round(pages * 0.02);
    // Each is linked from the page of its own number, so that a crawl meets all of them.
    this.others = [
      ...Array.from({ length: this.missing }, (_, k) => `/missing/${k}`),
      ...Array.from({ length: this.moved }, (_, k) => `/moved/${k}`),
      ...Array.from({ length: this.forbidden }, (_, k) => `/private/${k}`),
    ];
  }

  path(i) {
    if (i === 0) return '/';
    return i <= this.failing ? `/once-failing/${i}` : `/section-${i % 97}/page-${i}`;
  }

  /** The page behind a moved address; its number is the same on every run. */
  target(k) {
    return this.path(1 + ((Math.imul(k + 1, 2654435761) >>> 0) % (this.pages - 1)));
  }

  robots() {
    return 'User-agent: *\nDisallow: /private/\n';
  }

  html(i) {
    const r = random(i + 1);
    const text = (n) => Array.from({ length: n }, () => WORDS[Math.floor(r() * WORDS.length)]).join(' ');
    const links = this.links(i, r);
    const link = (href, k) =>
      `<li class="item item-${k % 5}"><a class="link" href="${k % 14 === 5 ? `${href}#part-${k}` : href}" data-n="${k}">${text(2)}</a></li>`;
    const size = Math.min(200_000, Math.max(6000, 30_000 * Math.exp(0.7 * gauss(r))));
    const title = text(5);
    let html = `<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>${title} &amp; more</title>
<meta name="description" content="${text(14)}"><link rel="stylesheet" href="/site.css"><style>.card{margin:1rem}.price::after{content:"\\20AC"}</style>
<script type="application/ld+json">{"@type":"Article","headline":"${title}"}</script></head><body class="kind-${i % 7}">
<header><nav><ul>${links.slice(0, 16).map(link).join('\n')}</ul></nav></header><main><h1>${title}</h1>
<dl class="facts"><dt>Number</dt><dd class="number">${i}</dd><dt>Author</dt><dd class="author">${text(2)}</dd><dt>Price</dt><dd class="price">${(r() * 500).toFixed(2)}</dd><dt>City</dt><dd class="city">${text(1)}</dd><dt>Stock</dt><dd class="stock">${Math.floor(r() * 90)}</dd></dl>\n`;
    for (let k = 0; html.length < size - 2600; k += 1) {
      html += `<section class="card card-${k % 4}"><h2>${text(4)}</h2><p class="lead">${text(30 + Math.floor(r() * 40))}, <em>${text(3)}</em> ${text(20)}.</p>`;
      if (k % 3 === 1)
        html += `<table class="spec"><tbody>${Array.from({ length: 5 }, () => `<tr><th>${text(1)}</th><td class="value">${Math.floor(r() * 9999)}</td></tr>`).join('')}</tbody></table>`;
      if (k % 4 === 2)
        html += `<figure><img loading="lazy" src="/img/${k}.jpg" alt="${text(3)}"><figcaption>${text(6)}</figcaption></figure>`;
      html += '</section>\n';
    }
    return `${html}</main><footer><ul>${links
      .slice(16)
      .map((href, k) => link(href, k + 16))
      .join('\n')}
<li><a href="https://elsewhere.invalid/${i}">partner</a></li><li><a href="mailto:desk@elsewhere.invalid">mail</a></li></ul></footer>
<script>window.state={"page":${i},"seed":${Math.floor(r() * 1e6)}};</script></body></html>\n`;
  }

  links(i, r) {
    const links = [];
    for (let child = i * CHILDREN + 1; child <= i * CHILDREN + CHILDREN && child < this.pages; child += 1)
      links.push(this.path(child));
    for (let k = i; k < this.others.length; k += this.pages) links.push(this.others[k]);
    while (links.length < LINKS - 2) links.push(this.path(Math.floor(this.pages * r() ** 1.5)));
    return links;
  }
}

const gauss = (r) => Math.sqrt(-2 * Math.log(1 - r())) * Math.cos(2 * Math.PI * r());
