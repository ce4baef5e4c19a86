/** An archive that the system itself trusts. */
export interface AptSource {
  uri: string;
  suite: string;
  component: string;
  /** Path of a keyring or fingerprint; null when the system's default keys sign it. */
  signedBy: string | null;
  /** A key that stands in the sources themselves. */
  inlineKey: string | null;
}

type Entry = Omit<AptSource, 'suite' | 'component'> & { suites: string[]; components: string[] };

function oneLine(text: string): Entry[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    if (!match) return [];
    const [, options = '', uri = '', suite = '', components = ''] = match;
    const signedBy = /signed-by=(\S+)/.exec(options)?.[1] ?? null;
    return [{ uri, signedBy, inlineKey: null, suites: [suite], components: components.trim().split(/\s+/) }];
  });
}

function paragraph(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  let current = '';
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) continue;
    const field = /^([\w-]+):\s*(.*)$/.exec(line);
    if (field) {
      current = (field[1] ?? '').toLowerCase();
      fields.set(current, field[2] ?? '');
    } else if (/^\s/.test(line)) {
      const more = line.trim() === '.' ? '' : line.trim();
      fields.set(current, `${fields.get(current) ?? ''}\n${more}`);
    }
  }
  return fields;
}

const words = (text: string | undefined): string[] => (text ?? '').split(/\s+/).filter(Boolean);

function deb822(text: string): Entry[] {
  return text.split(/\n[ \t]*\n/).flatMap((block) => {
    const fields = paragraph(block);
    if (!words(fields.get('types')).includes('deb') || fields.get('enabled')?.trim() === 'no') return [];
    const signed = fields.get('signed-by')?.trim() ?? '';
    const inline = signed.includes('BEGIN PGP');
    return words(fields.get('uris')).map((uri) => ({
      uri,
      signedBy: inline || signed === '' ? null : signed,
      inlineKey: inline ? `${signed}\n` : null,
      suites: words(fields.get('suites')),
      components: words(fields.get('components')),
    }));
  });
}

const FLAVOURS = {
  debian: { component: 'main', newest: ['sid', 'trixie'] },
  ubuntu: { component: 'universe', newest: ['devel', 'noble'] },
};

/**
 * Where a newer package may be had, newest suite first: the archive of this system's own distribution, in newer suites.
 * @param osRelease text of /etc/os-release
 * @param files name and text of the system's source lists
 */
export function newerSuites(osRelease: string, files: { name: string; text: string }[]): AptSource[] {
  const ids = words(
    [...osRelease.matchAll(/^ID(?:_LIKE)?=(.*)$/gm)].map((match) => match[1]?.replaceAll('"', '')).join(' '),
  );
  const name = ids.includes('ubuntu') ? 'ubuntu' : ids.includes('debian') ? 'debian' : null;
  if (name === null) return [];
  const flavour = FLAVOURS[name];
  const entries = files.flatMap(({ name: file, text }) =>
    file.endsWith('.sources') ? deb822(text) : oneLine(text),
  );
  const archive = entries.find(
    (entry) =>
      entry.components.includes(flavour.component) &&
      entry.uri.includes(name) &&
      // Not the -security and -updates pockets: they hold a part only, partly at other addresses.
      entry.suites.some((suite) => !suite.includes('-') && !suite.includes('/')),
  );
  if (!archive) return [];
  const { uri, signedBy, inlineKey } = archive;
  return flavour.newest.map((suite) => ({ uri, signedBy, inlineKey, suite, component: flavour.component }));
}
