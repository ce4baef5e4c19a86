const PURE = '^libs/(events|job|failures|read-models|accounts|hive)/';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, or need a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'pure-rooms-stay-pure',
      comment:
        'events, job, failures and read-models are functions of their arguments: pure rooms, hashes, and libraries that are pure themselves.',
      severity: 'error',
      from: { path: PURE, pathNot: '\\.(int-)?spec\\.ts$' },
      to: { pathNot: [PURE, '^node_modules/(zod|re2js|css-what)/', '^(node:)?crypto$'] },
    },
    {
      name: 'failures-and-events-are-the-ground',
      comment: 'Everybody needs them, so they need nobody but failures.',
      severity: 'error',
      from: { path: '^libs/(events|failures)/', pathNot: '\\.(int-)?spec\\.ts$' },
      to: { path: '^libs/', pathNot: '^libs/(events|failures)/' },
    },
    {
      name: 'read-models-stand-on-job',
      comment:
        'Projector and coordinator share the rule of the first terminal event, which lives in job; never the other way.',
      severity: 'error',
      from: { path: '^libs/job/', pathNot: '\\.(int-)?spec\\.ts$' },
      to: { path: '^libs/read-models/' },
    },
    {
      name: 'engine-speaks-through-ports',
      comment: 'Use cases know ports and pure rooms; adapters are handed to them.',
      severity: 'error',
      from: { path: '^libs/engine/', pathNot: '\\.(int-)?spec\\.ts$|/test-support' },
      to: { path: '^(libs|apps|migrations)/', pathNot: ['^libs/engine/', PURE] },
    },
    {
      name: 'engine-without-frameworks',
      comment: 'No Nest, no driver: the engine runs in a test without any of them.',
      severity: 'error',
      from: { path: '^libs/engine/', pathNot: '\\.(int-)?spec\\.ts$|/test-support' },
      to: { path: '^node_modules/(@nestjs|@nats-io|typeorm|pg|got|undici|pino|cheerio)/' },
    },
    {
      name: 'pages-are-views',
      comment: 'Data in, markup out: the words of pure rooms, and of the engine its types alone.',
      severity: 'error',
      from: { path: '^libs/pages/', pathNot: '\\.(int-)?spec\\.ts$' },
      to: {
        path: '.',
        pathNot: ['^libs/pages/', PURE],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'adapters-stand-alone',
      comment: 'An adapter implements ports; what two of them need is a port or a pure function.',
      severity: 'error',
      from: { path: '^libs/adapters/([^/]+)/', pathNot: '\\.(int-)?spec\\.ts$|/test-support' },
      to: { path: '^libs/adapters/', pathNot: '^libs/adapters/$1/' },
    },
    {
      name: 'libs-never-import-apps',
      severity: 'error',
      from: { path: '^(libs|migrations)/' },
      to: { path: '^apps/' },
    },
    {
      name: 'apps-stand-alone',
      comment: 'They meet in the log. The CLI alone hosts the others.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/', pathNot: '^apps/cli/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'test-helpers-in-tests-only',
      severity: 'error',
      from: {
        path: '^(libs|apps|migrations)/',
        pathNot: '\\.(int-)?spec\\.ts$|/test-support|^libs/testing/',
      },
      to: { path: '^libs/testing/' },
    },
    {
      name: 'libs-through-their-index',
      comment: 'Across libs, the index says what is public.',
      severity: 'error',
      from: { path: '^(libs/adapters/[^/]+|libs/[^/]+|apps/[^/]+)/', pathNot: '^libs/engine/' },
      to: {
        path: '^libs/',
        pathNot: ['^$1/', '/index\\.ts$', '^libs/testing/'],
      },
    },
    {
      name: 'resolvable',
      comment: 'What cannot be found escapes every other rule.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '^dist'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['source', 'import', 'node', 'types', 'default'],
    },
  },
};
