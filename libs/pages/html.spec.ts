import { escapeHtml, flag, html } from './html.js';

describe('a template', () => {
  it.each([
    ['<img src=x onerror=alert(1)>', '&lt;img src=x onerror=alert(1)&gt;'],
    ['"><script>', '&quot;&gt;&lt;script&gt;'],
    ["' onmouseover='", '&#39; onmouseover=&#39;'],
    ['a & b &amp;', 'a &amp; b &amp;amp;'],
    ['\u202egpj.exe\u0000', '\ufffdgpj.exe\ufffd'],
  ])('given %j as a value, then it is text in content and in attributes', (value, escaped) => {
    expect(String(html`<p title="${value}">${value}</p>`)).toBe(`<p title="${escaped}">${escaped}</p>`);
    expect(escapeHtml(value)).toBe(escaped);
  });

  it('given markup of its own, then it stays markup, in lists too', () => {
    const rows = ['<a>', 'b'].map((name) => html`<i>${name}</i>`);
    expect(String(html`<p>${rows}</p>`)).toBe('<p><i>&lt;a&gt;</i><i>b</i></p>');
  });

  it('given something that only looks like markup of its own, then it is no markup', () => {
    const forged = { text: '<script>', toString: () => '<b>' };
    expect(() => String(html`${forged as never}`)).toThrow(TypeError);
  });

  it('given nothing, then there is nothing; 0 is something', () => {
    expect(String(html`[${null}${undefined}${false}${0}]`)).toBe('[0]');
  });

  it('given a value in an attribute without quotes, then it refuses', () => {
    expect(() => html`<a href=${'x'}></a>`).toThrow('without quotes');
    expect(String(html`<b>1+1=${2}</b>`)).toBe('<b>1+1=2</b>');
  });

  it('has attributes that are there or not', () => {
    expect([flag('checked', true), flag('disabled', false)].map(String)).toEqual([' checked', 'null']);
  });
});
