import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const sockets = ['http', 'https', 'http2', 'net', 'tls', 'dgram', 'dns', 'dns/promises'];
const network = sockets.flatMap((name) => [name, `node:${name}`]);
const clients = ['undici', 'got', 'hpagent', 'axios', 'node-fetch', 'ws', 'needle', 'superagent'];
const globalClients = ['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest'];
const toTheOutside = 'Only libs/adapters/egress opens connections to the outside.';
/** Ways to come by a module or a client that a list of imports does not see. */
const backDoors = [
  `ImportExpression[source.value=/^(node:)?(${sockets.join('|').replaceAll('/', '\\u002F')})$/]`,
  `ImportExpression[source.value=/^(${clients.join('|')})(\\u002F|$)/]`,
  `MemberExpression[object.name=/^(globalThis|global|self)$/][property.name=/^(${globalClients.join('|')})$/]`,
  "ImportDeclaration[source.value=/^(node:)?module$/] ImportSpecifier[imported.name='createRequire']",
  "MemberExpression[property.name='getBuiltinModule']",
].map((selector) => ({ selector, message: toTheOutside }));

const pureRooms = [
  'libs/events',
  'libs/job',
  'libs/failures',
  'libs/read-models',
  'libs/accounts',
  'libs/pages',
  'libs/hive',
];
const ambient = (object, property) => ({
  object,
  property,
  message: 'Pure rooms know no clock and no chance; take it as an argument.',
});

// On Node 20 its compiled form calls URLs with Latin-1 characters invalid; parseUrl of libs/events does not.
const noCanParse = {
  selector: "MemberExpression[object.name='URL'][property.name='canParse']",
  message: 'Use parseUrl of #libs/events.',
};
// Node 20 never lets go of what it makes from a signal that lives on, nor of who listens to it (nodejs/node issues 55351 and 64476).
const noAny = {
  selector: "MemberExpression[object.name='AbortSignal'][property.name='any']",
  message: 'Listen to each signal, and take the listeners back.',
};
const noStars = {
  selector: 'ExportAllDeclaration[exported=null]',
  message: 'Name what is exported: star chains hide where a thing comes from, and feed cycles.',
};
const noExit = {
  selector: "CallExpression[callee.object.name='process'][callee.property.name='exit']",
  message: 'Set process.exitCode or throw; only the CLI ends the process.',
};
const noNow = {
  selector: "NewExpression[callee.name='Date'][arguments.length=0]",
  message: 'Pure rooms know no clock; take the time as an argument.',
};

export default tseslint.config(
  { ignores: ['node_modules', 'dist', 'dist.*', '.spoor', 'results', 'coverage'] },
  js.configs.recommended,
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          ...[
            'process',
            'console',
            'module',
            'URL',
            'Buffer',
            'performance',
            'AbortController',
            'AbortSignal',
          ],
          ...[
            'setTimeout',
            'clearTimeout',
            'setInterval',
            'clearInterval',
            'setImmediate',
            'fetch',
            'TextDecoder',
          ],
        ].map((name) => [name, 'readonly']),
      ),
    },
  },
  // Runs in a browser.
  {
    files: ['libs/pages/assets/*.js'],
    languageOptions: {
      globals: Object.fromEntries(
        ['document', 'location', 'CSS', 'HTMLElement', 'DOMParser', 'EventSource'].map((name) => [
          name,
          'readonly',
        ]),
      ),
    },
  },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.recommended],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      // Nest finds what to inject by the imported class, also where it looks like a type only.
      '@typescript-eslint/no-extraneous-class': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  {
    files: ['libs/**/*.ts', 'apps/**/*.ts', 'migrations/**/*.ts'],
    ignores: ['apps/cli/**', 'libs/adapters/servers/**'],
    rules: { 'no-restricted-syntax': ['error', noStars, noCanParse, noAny, noExit, ...backDoors] },
  },
  // It talks to its own servers, and looks for their programs among the packages.
  {
    files: ['libs/adapters/servers/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', noStars, noCanParse, noAny, noExit] },
  },
  {
    files: ['apps/cli/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', noStars, noCanParse, noAny, ...backDoors] },
  },
  {
    files: ['libs/**/*.ts', 'apps/**/*.ts', 'migrations/**/*.ts'],
    ignores: [
      ...['libs/adapters/egress/**', 'libs/adapters/servers/**', 'libs/testing/**', 'libs/sample-site/**'],
      // A proxy for demonstrations connects to whatever it is asked for; the engine never uses it.
      'libs/demo-proxy/**',
      '**/*.{spec,int-spec}.ts',
      '**/test-support*.ts',
    ],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: [
            ...[...network.filter((name) => !/(^|:)net$/.test(name)), ...clients].map((name) => ({
              ...{ name, message: toTheOutside, allowTypeImports: true },
            })),
            // To look at an address opens no connection.
            ...['net', 'node:net'].map((name) => ({
              ...{ name, message: toTheOutside, allowImportNames: ['isIP', 'isIPv4', 'isIPv6', 'BlockList'] },
            })),
            {
              name: 'cheerio',
              message: `${toTheOutside} cheerio/slim has no client.`,
              allowTypeImports: true,
            },
          ],
          patterns: [{ group: clients.map((name) => `${name}/*`), message: toTheOutside }],
        },
      ],
      'no-restricted-globals': [
        'error',
        ...globalClients.map((name) => ({
          name,
          message: toTheOutside,
        })),
      ],
    },
  },
  {
    files: pureRooms.map((room) => `${room}/**/*.ts`),
    ignores: ['**/*.{spec,int-spec}.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: 'node:crypto',
              allowImportNames: ['createHash', 'hash'],
              message: 'Pure rooms know no chance.',
            },
          ],
          patterns: [
            { regex: '^node:(?!crypto$)', message: 'Pure rooms do no I/O.' },
            {
              regex: '^(crypto|fs|path|os|child_process|http|https|net|tls|dns|timers)(/|$)',
              message: 'Pure rooms do no I/O.',
            },
            {
              group: [
                ...clients,
                ...clients.map((name) => `${name}/*`),
                'cheerio',
                '@nestjs/*',
                'typeorm',
                'pg',
                '@nats-io/*',
                'pino',
              ],
              message: 'Pure rooms know no adapter.',
            },
          ],
        },
      ],
      'no-restricted-properties': [
        'error',
        ambient('Date', 'now'),
        ambient('Math', 'random'),
        ambient('performance', 'now'),
        ambient('crypto', 'randomUUID'),
        ambient('crypto', 'getRandomValues'),
      ],
      'no-restricted-globals': [
        'error',
        ...[
          'process',
          'setTimeout',
          'setInterval',
          'setImmediate',
          'queueMicrotask',
          ...globalClients,
          'console',
          'performance',
        ].map((name) => ({ name, message: 'Pure rooms are functions of their arguments.' })),
      ],
      'no-restricted-syntax': ['error', noStars, noCanParse, noAny, noExit, noNow, ...backDoors],
    },
  },
);
