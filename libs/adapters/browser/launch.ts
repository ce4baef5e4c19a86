import { existsSync } from 'node:fs';
import type { LaunchOptions } from 'playwright-core';
import type { BrowserOptions, Browsers, Logger, RunningBrowser } from '#libs/engine/ports';
import { SpoorError } from '#libs/failures';
import { findChromium, type Chromium } from './chromium-binary.js';
import { flagsOf } from './flags.js';
import { PlaywrightBrowser } from './playwright-browser.js';
import { sweepStaleProfiles } from './stale-profiles.js';
import { BROWSER_UID, findSetpriv, isRoot, runAs } from './unprivileged.js';

const LAUNCH_MS = 30_000;

export interface BrowsersOptions {
  /** Program to use; null: the system's, else the one that came with the packages. */
  chromium: string | null;
  /** Where that one is unpacked, best first. */
  caches: readonly string[];
  /** `require`: no browser without Chromium's sandbox. */
  sandbox: 'auto' | 'require';
  logger: Logger;
}

/** Starts Chromium through Playwright. */
export function createBrowsers(options: BrowsersOptions): Browsers {
  return new ChromiumBrowsers(options);
}

class ChromiumBrowsers implements Browsers {
  private found: Promise<Chromium> | null = null;
  /** Known after the first start. */
  private sandboxed = true;
  private swept = false;

  constructor(private readonly options: BrowsersOptions) {}

  async launch(options: BrowserOptions): Promise<RunningBrowser> {
    this.sweepOnce();
    const { chromium: chosen, caches } = this.options;
    const path = process.env.PATH ?? '';
    const places = { chosen, path, caches, forOthers: isRoot() };
    const found = await (this.found ??= findChromium(places)).catch((error: unknown) => {
      // An installation that is mended needs no restart of ours.
      this.found = null;
      throw error;
    });
    if (this.sandboxed) {
      try {
        return await this.start(found, options, true);
      } catch (error) {
        this.withoutSandbox(error);
      }
    }
    return this.start(found, options, false);
  }

  /** Nobody else clears away what a worker leaves behind that is killed. */
  private sweepOnce(): void {
    if (this.swept) return;
    this.swept = true;
    try {
      const uids = [process.getuid?.() ?? -1, ...(isRoot() ? [BROWSER_UID] : [])];
      const count = sweepStaleProfiles(uids);
      if (count > 0) this.options.logger.info({ count }, 'profiles of browsers that are gone were removed');
    } catch (error) {
      this.options.logger.warn({ err: error }, 'profiles of browsers that are gone could not be removed');
    }
  }

  /** @throws SpoorError when that is not allowed, or would not help */
  private withoutSandbox(error: unknown): void {
    if (this.options.sandbox === 'require' || !/sandbox|setpriv|root/i.test(String(error)))
      throw new SpoorError(
        'browser_unavailable',
        this.options.sandbox === 'require'
          ? 'Chromium does not start in its sandbox.'
          : 'Chromium does not start.',
        { hint: 'Start it by hand to see why; SPOOR_CHROMIUM chooses another.' },
        { cause: error },
      );
    this.sandboxed = false;
    this.options.logger.error(
      { hint: 'Allow unprivileged user namespaces, and setpriv where this runs as root.' },
      "CHROMIUM RUNS WITHOUT ITS SANDBOX: a page that breaks out of the browser has this user's rights",
    );
  }

  private async start(
    { program, fonts }: Chromium,
    options: BrowserOptions,
    sandbox: boolean,
  ): Promise<RunningBrowser> {
    const { chromium } = await import('playwright-core');
    const setpriv = sandbox && isRoot() ? findSetpriv() : null;
    if (sandbox && isRoot() && setpriv === null) throw new Error('root without setpriv');
    const way = setpriv ? runAs(BROWSER_UID, program, setpriv) : null;
    const launch: LaunchOptions = {
      executablePath: way?.script ?? program,
      headless: options.headless,
      chromiumSandbox: sandbox,
      args: flagsOf(options),
      env: environment(fonts),
      timeout: LAUNCH_MS,
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    };
    try {
      return await PlaywrightBrowser.of(await chromium.launch(launch));
    } finally {
      way?.remove();
    }
  }
}

/** Nothing of ours: what breaks out of a page finds no secrets there. */
function environment(fonts: string | null): Record<string, string> {
  const kept = ['PATH', 'LANG', 'LC_ALL', 'TZ', 'DISPLAY', 'WAYLAND_DISPLAY', 'XAUTHORITY'];
  const env = Object.fromEntries(
    kept.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  ) as Record<string, string>;
  return {
    ...env,
    HOME: '/tmp',
    ...(fonts === null || existsSync('/etc/fonts/fonts.conf') ? {} : { FONTCONFIG_PATH: fonts }),
  };
}
