import { newerSuites } from './apt-sources.js';

const debian = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_CODENAME=bookworm\n';

describe('newerSuites', () => {
  it('reads deb822 sources, leaving out pockets and strangers', () => {
    const text = [
      'Types: deb\nURIs: http://strangers.example/debian\nSuites: nodistro\nComponents: stable\n',
      '# a comment\nTypes: deb\nURIs: http://mirror.example/debian-security\nSuites: bookworm-security\nComponents: main\n',
      'Types: deb deb-src\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\n' +
        'Components: main contrib\nSigned-By: /usr/share/keyrings/archive.gpg\n',
    ].join('\n');
    expect(newerSuites(debian, [{ name: 'debian.sources', text }])).toEqual(
      ['sid', 'trixie'].map((suite) => ({
        ...{ uri: 'http://mirror.example/debian', suite, component: 'main' },
        ...{ signedBy: '/usr/share/keyrings/archive.gpg', inlineKey: null },
      })),
    );
  });

  it('reads one-line lists with options', () => {
    const text =
      '# deb http://off.example/debian bookworm main\n' +
      'deb [arch=amd64 signed-by=/etc/apt/keys/a.asc] https://mirror.example/debian bookworm main contrib # why\n';
    expect(newerSuites(debian, [{ name: 'sources.list', text }])[0]).toMatchObject({
      uri: 'https://mirror.example/debian',
      signedBy: '/etc/apt/keys/a.asc',
    });
  });

  it('keeps a key that stands in the sources', () => {
    const text =
      'Types: deb\nURIs: http://m.example/debian\nSuites: bookworm\nComponents: main\nSigned-By:\n' +
      ' -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n -----END PGP PUBLIC KEY BLOCK-----\n';
    expect(newerSuites(debian, [{ name: 'x.sources', text }])[0]).toMatchObject({
      signedBy: null,
      inlineKey: '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc\n-----END PGP PUBLIC KEY BLOCK-----\n',
    });
  });

  it('looks into universe on Ubuntu and its relatives', () => {
    const osRelease = 'ID=linuxmint\nID_LIKE="ubuntu debian"\n';
    const text = 'deb http://archive.example/ubuntu noble main restricted universe\n';
    expect(
      newerSuites(osRelease, [{ name: 'sources.list', text }]).map(({ suite, component }) => [
        suite,
        component,
      ]),
    ).toEqual([
      ['devel', 'universe'],
      ['noble', 'universe'],
    ]);
  });

  it('offers nothing elsewhere, or when the archive is switched off', () => {
    expect(newerSuites('ID=fedora\n', [])).toEqual([]);
    const text =
      'Enabled: no\nTypes: deb\nURIs: http://m.example/debian\nSuites: bookworm\nComponents: main\n';
    expect(newerSuites(debian, [{ name: 'x.sources', text }])).toEqual([]);
  });
});
