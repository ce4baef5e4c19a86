import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Shell } from '#libs/pages';

interface Asset {
  /** With a part of its hash in it, so it may be kept for ever. */
  href: string;
  type: string;
  bytes: Buffer;
}

const FOLDER = new URL('../../../libs/pages/assets/', import.meta.url);
const FILES = {
  style: ['pages.css', 'text/css; charset=utf-8'],
  script: ['live.js', 'text/javascript; charset=utf-8'],
  icon: ['icon.svg', 'image/svg+xml'],
} as const;

function load(name: string, type: string): Asset {
  const bytes = readFileSync(new URL(name, FOLDER));
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
  return { href: `/assets/${name.replace('.', `.${hash}.`)}`, type, bytes };
}

/** The files that pages refer to; read once. */
export class Assets {
  private readonly byName = {
    style: load(...FILES.style),
    script: load(...FILES.script),
    icon: load(...FILES.icon),
  };

  get hrefs(): Shell['assets'] {
    const { style, script, icon } = this.byName;
    return { style: style.href, script: script.href, icon: icon.href };
  }

  find(href: string): Asset | undefined {
    return Object.values(this.byName).find((asset) => asset.href === href);
  }
}
