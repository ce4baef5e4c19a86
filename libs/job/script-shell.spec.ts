import { ENOUGH_TEXT, scriptShell, type PageFacts } from './script-shell.js';

const page = (over: Partial<PageFacts> = {}): PageFacts => ({
  ...{ textLength: ENOUGH_TEXT, scripts: 1, emptyMount: false },
  ...{ title: true, description: true, h1: true, canonical: true, ...over },
});

describe('a page that is a shell for scripts', () => {
  it.each<[string, Partial<PageFacts>, ReturnType<typeof scriptShell>]>([
    ['with enough to read is none', {}, null],
    ['with little to read is one', { textLength: ENOUGH_TEXT - 1 }, 'short_text'],
    ['with little to read and no script is a short page', { textLength: 3, scripts: 0 }, null],
    ['with an empty application and no metadata is one', bare({ emptyMount: true }), 'empty_shell'],
    ['with an empty widget beside its content is none', { emptyMount: true, canonical: false }, null],
    ['without metadata alone is none', bare(), null],
    ['with an empty application, but no script, is none', bare({ emptyMount: true, scripts: 0 }), null],
    [
      'may lack one thing by accident, two make it one',
      { emptyMount: true, canonical: false, description: false },
      'empty_shell',
    ],
  ])('%s', (_, over, reason) => expect(scriptShell(page(over))).toBe(reason));
});

function bare(over: Partial<PageFacts> = {}): Partial<PageFacts> {
  return { title: false, description: false, h1: false, canonical: false, ...over };
}
