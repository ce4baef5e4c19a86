import { existsSync } from 'node:fs';
import chromium from '@sparticuz/chromium';
import { chromium as playwright, type Browser } from 'playwright-core';

const SYSTEM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/**
 * A browser for tests that look at pages of our own: SPOOR_CHROMIUM, one of the system, or the one among the packages. Null, with the
 * reason printed, where none of them starts. Run by root it has no sandbox: what it opens here are our own pages.
 */
export async function startChromium(): Promise<Browser | null> {
  const problems: string[] = [];
  const given = process.env['SPOOR_CHROMIUM'];
  const candidates: [name: string, path: () => Promise<string>][] = [
    ...[given ?? [], SYSTEM.filter(existsSync)]
      .flat()
      .map((path): [string, () => Promise<string>] => [path, async () => path]),
    // Its own flags switch off what is tested here, so none of them is taken.
    ['@sparticuz/chromium', () => chromium.executablePath()],
  ];
  for (const [name, path] of candidates) {
    try {
      const asRoot = process.getuid?.() === 0 ? ['--no-sandbox', '--no-zygote'] : [];
      const args = ['--disable-dev-shm-usage', '--disable-gpu', ...asRoot];
      return await playwright.launch({ executablePath: await path(), args, headless: true });
    } catch (error) {
      problems.push(`${name}: ${String(error).split('\n')[0]}`);
    }
  }
  console.info(`No browser starts here, so its tests are skipped. ${problems.join('; ')}`);
  return null;
}
