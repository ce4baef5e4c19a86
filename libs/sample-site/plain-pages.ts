import { companies } from './companies.js';
import { escape, page } from './layout.js';
import { Random } from './random.js';
import { sentence } from './words.js';

const text = (seed: string, sentences: number): string => {
  const random = new Random(seed);
  return `<p>${Array.from({ length: sentences }, () => sentence(random)).join(' ')}</p>`;
};

export const HOME_TITLE = 'The Company Register';
export const ABOUT_TITLE = 'About the register';
export const MINUTES_TITLE = 'Minutes of the board';
export const PRESS_TITLE = 'Press kit';
export const MISSING_TITLE = 'Page not found';

export const homePage = (): string =>
  page({
    title: HOME_TITLE,
    body: `    <h1>${companies.length} companies, one register</h1>
    <p>Begin with <a href="/companies?page=1">all companies</a>, or with the <a href="directory/1">directory</a>.</p>
    ${text('home', 120)}`,
  });

export const aboutPage = (): string =>
  page({
    title: ABOUT_TITLE,
    body: `    <h1>About</h1>
    <p>The <a href="/companies">old address of the list</a> still works. Members find the
      <a href="/private/board-minutes">minutes</a>, everybody the <a href="/private/press-kit">press kit</a>.
      An <a href="/history.html">older page</a> is gone. Write to <a href="mailto:office@elsewhere.invalid">the office</a>,
      or see the <a href="https://elsewhere.invalid/law?a=1&amp;b=2">law</a> (<a href="javascript:void(0)">print</a>,
      <a href="tel:+10000000">call</a>, <a href="">reload</a>, <a href="http://[broken/">odd</a>).</p>
    ${text('about', 120)}`,
  });

export const minutesPage = (): string =>
  page({ title: MINUTES_TITLE, body: `    <h1>${MINUTES_TITLE}</h1>\n    ${text('minutes', 40)}` });

export const pressPage = (): string =>
  page({ title: PRESS_TITLE, body: `    <h1>${PRESS_TITLE}</h1>\n    ${text('press', 40)}` });

export const missingPage = (path: string): string =>
  page({
    title: MISSING_TITLE,
    body: `    <h1>${MISSING_TITLE}</h1>\n    <p>There is nothing at <code>${escape(path)}</code>.</p>`,
  });

export const brokenPage = (): string =>
  '<!doctype html><title>Internal error</title><h1>Internal error</h1><p>Please try again.</p>';
