import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { SpoorError } from '#libs/failures';
import { scopeConfig, scopesFile, SCOPE_NAME, type ScopeConfig } from '#libs/hive';
import { isLoopback } from './loopback.js';

const ROLES = ['coordinator', 'worker'] as const;
export type HiveRole = (typeof ROLES)[number];

const port = (fallback: number) =>
  z.string().regex(/^\d+$/).transform(Number).pipe(z.int().min(1).max(65_535)).default(fallback);
const address = z.string().regex(/^[\w.:-]+$/);
const whole = z.string().regex(/^\d+$/).transform(Number);
const onOff = z
  .enum(['on', 'off', 'true', 'false', '1', '0'])
  .transform((text) => /^(on|true|1)$/.test(text));

/** Variables with the names that other deployments of the service have; ours, which come first, are told in the docs. */
const variables = {
  SPOOR_HIVE_ROLES: {
    names: ['SPOOR_HIVE_ROLES'],
    schema: z
      .string()
      .default('coordinator,worker')
      .transform((text) => text.split(',').map((one) => one.trim()))
      .pipe(z.array(z.enum(ROLES)).min(1)),
    expects: 'coordinator, worker, or both with a comma',
  },
  SPOOR_HIVE_HOST: {
    names: ['SPOOR_HIVE_HOST'],
    schema: address.default('127.0.0.1'),
    expects: 'an address',
  },
  SPOOR_HIVE_PORT: { names: ['SPOOR_HIVE_PORT'], schema: port(50_051), expects: 'a port' },
  SPOOR_HIVE_WORKER_PORT: {
    names: ['SPOOR_HIVE_WORKER_PORT', 'WORKER_GRPC_PORT'],
    schema: port(50_052),
    expects: 'a port; the next ones for further scopes',
  },
  SPOOR_HIVE_ADVERTISE: {
    names: ['SPOOR_HIVE_ADVERTISE', 'POD_IP'],
    schema: address.optional(),
    expects: 'the address at which coordinators reach this worker',
  },
  SPOOR_HIVE_WORKER_ID: {
    names: ['SPOOR_HIVE_WORKER_ID', 'POD_NAME'],
    schema: z
      .string()
      .regex(/^[A-Za-z0-9_.-]{1,60}$/)
      .optional(),
    expects: 'letters, digits, _ . -',
  },
  SPOOR_HIVE_KEY: {
    names: ['SPOOR_HIVE_KEY'],
    schema: z.union([z.literal('none'), z.string().min(16)]).optional(),
    expects: '16 or more random characters; none: whoever reaches the port may call',
  },
  SPOOR_HIVE_REFLECTION: {
    names: ['SPOOR_HIVE_REFLECTION'],
    schema: onOff.default(false),
    expects: 'on or off',
  },
  SPOOR_HIVE_SCOPES: { names: ['SPOOR_HIVE_SCOPES'], schema: z.string().optional(), expects: 'a JSON file' },
  SPOOR_CHROMIUM: {
    names: ['SPOOR_CHROMIUM', 'WORKER_BROWSER_PATH'],
    schema: z.string().optional(),
    expects: 'the path of Chromium',
  },
  SPOOR_CHROMIUM_SANDBOX: {
    names: ['SPOOR_CHROMIUM_SANDBOX'],
    schema: z.enum(['auto', 'require']).default('auto'),
    expects: 'auto or require',
  },
  WORKER_SCOPE_NAME: {
    names: ['WORKER_SCOPE_NAME'],
    schema: z.string().regex(SCOPE_NAME).default('default'),
    expects: 'letters, digits, _ . -',
  },
  WORKER_HEADLESS: { names: ['WORKER_HEADLESS'], schema: onOff.optional(), expects: 'true or false' },
  WORKER_MIN_CONTEXTS: {
    names: ['WORKER_MIN_CONTEXTS'],
    schema: whole.optional(),
    expects: 'a whole number',
  },
  WORKER_MAX_CONTEXTS: {
    names: ['WORKER_MAX_CONTEXTS'],
    schema: whole.optional(),
    expects: 'a whole number',
  },
  WORKER_SESSION_MODE: {
    names: ['WORKER_SESSION_MODE'],
    schema: z
      .string()
      .transform((text) => text.toLowerCase())
      .optional(),
    expects: 'always_new, reusable or reusable_preinit',
  },
  WORKER_MAX_IDLE_TIME_SECS: {
    names: ['WORKER_MAX_IDLE_TIME_SECS'],
    schema: whole.optional(),
    expects: 'seconds',
  },
  PROXY_TYPE: {
    names: ['PROXY_TYPE'],
    schema: z.enum(['none', 'generic']).default('none'),
    expects: 'none or generic',
  },
  COORDINATOR_MODE: { names: ['COORDINATOR_MODE'], schema: z.string().optional(), expects: 'local' },
};

export interface HiveConfig {
  roles: HiveRole[];
  host: string;
  /** Of the coordinator, and of the worker of the first scope; each further one has the next. */
  port: number;
  workerPort: number;
  /** Host under which workers are reached from elsewhere; null: `host`. */
  advertise: string | null;
  workerId: string | null;
  /** Callers have to know it; null: nobody has to. */
  key: string | null;
  reflection: boolean;
  scopes: Record<string, ScopeConfig>;
  chromium: string | null;
  sandbox: 'auto' | 'require';
  /** Coordinator and workers of one process, without NATS. */
  alone: boolean;
  /** For references of proxies: what the parts of PROXY_* make together. */
  proxyUrl: string | null;
}

type Variable = keyof typeof variables;

function valueOf<V extends Variable>(
  variable: V,
  env: NodeJS.ProcessEnv,
): z.output<(typeof variables)[V]['schema']> {
  const { names, schema, expects } = variables[variable];
  const name = names.find((one) => (env[one] ?? '') !== '');
  const parsed = schema.safeParse(name === undefined ? undefined : env[name]);
  if (parsed.success) return parsed.data as z.output<(typeof variables)[V]['schema']>;
  const field = name ?? variable;
  throw new SpoorError('invalid_request', `${field} is not valid.`, { field, hint: `It takes ${expects}.` });
}

/**
 * What the browser service is told by its environment and by the file of its scopes.
 * @throws SpoorError invalid_request that names the variable, or the field of the file
 */
export function loadHiveConfig(
  env: NodeJS.ProcessEnv = process.env,
  cwd: string = process.cwd(),
): HiveConfig {
  const host = valueOf('SPOOR_HIVE_HOST', env);
  const key = valueOf('SPOOR_HIVE_KEY', env);
  if (key === undefined && !isLoopback(host))
    throw new SpoorError(
      'invalid_request',
      'SPOOR_HIVE_KEY is not set, and SPOOR_HIVE_HOST is not on loopback.',
      {
        field: 'SPOOR_HIVE_KEY',
        hint: 'Set one that callers know, or none where only a private network reaches the port.',
      },
    );
  const proxyUrl = proxyUrlOf(env);
  return {
    roles: [...new Set(valueOf('SPOOR_HIVE_ROLES', env))],
    host,
    port: valueOf('SPOOR_HIVE_PORT', env),
    workerPort: valueOf('SPOOR_HIVE_WORKER_PORT', env),
    advertise: valueOf('SPOOR_HIVE_ADVERTISE', env) ?? null,
    workerId: valueOf('SPOOR_HIVE_WORKER_ID', env) ?? null,
    key: key === undefined || key === 'none' ? null : key,
    reflection: valueOf('SPOOR_HIVE_REFLECTION', env),
    scopes: scopesOf(env, cwd, proxyUrl !== null),
    chromium: valueOf('SPOOR_CHROMIUM', env) ?? null,
    sandbox: valueOf('SPOOR_CHROMIUM_SANDBOX', env),
    alone: valueOf('COORDINATOR_MODE', env) === 'local',
    proxyUrl,
  };
}

function scopesOf(env: NodeJS.ProcessEnv, cwd: string, proxied: boolean): Record<string, ScopeConfig> {
  const file = valueOf('SPOOR_HIVE_SCOPES', env);
  if (file !== undefined) return readScopes(resolve(cwd, file));
  const headless = valueOf('WORKER_HEADLESS', env);
  const [min, max] = [valueOf('WORKER_MIN_CONTEXTS', env), valueOf('WORKER_MAX_CONTEXTS', env)];
  const [mode, idleSeconds] = [
    valueOf('WORKER_SESSION_MODE', env),
    valueOf('WORKER_MAX_IDLE_TIME_SECS', env),
  ];
  const given = (fields: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  const read = scopeConfig.safeParse({
    browser: given({ headless }),
    contexts: given({ min, max }),
    session: given({ mode, idleSeconds }),
    ...(proxied ? { proxy: { provider: 'generic', url: { env: 'PROXY_URL' } } } : {}),
  });
  if (read.success) return { [valueOf('WORKER_SCOPE_NAME', env)]: read.data };
  throw badScopes('WORKER_*', read.error);
}

function readScopes(path: string): Record<string, ScopeConfig> {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const field = 'SPOOR_HIVE_SCOPES';
    throw new SpoorError(
      'invalid_request',
      'The file of SPOOR_HIVE_SCOPES cannot be read as JSON.',
      { field, hint: 'It looks like {"scopes": {"default": {}}}.' },
      { cause: error },
    );
  }
  const read = scopesFile.safeParse(content);
  if (read.success) return read.data.scopes;
  throw badScopes('SPOOR_HIVE_SCOPES', read.error);
}

function badScopes(variable: string, error: z.ZodError): SpoorError {
  const issues = error.issues.map(({ path, message }) => ({ field: path.join('.'), message }));
  const field = issues[0]?.field || variable;
  return new SpoorError(
    'invalid_request',
    `${variable} is not valid: ${field}: ${issues[0]?.message ?? ''}`,
    {
      ...{ field, issues, hint: 'See docs/how-to/browser-service.md.' },
    },
  );
}

/** PROXY_URL, or what PROXY_SCHEME, _ADDRESS, _PORT, _USERNAME and _PASSWORD make. */
function proxyUrlOf(env: NodeJS.ProcessEnv): string | null {
  if (valueOf('PROXY_TYPE', env) === 'none') return null;
  if (env.PROXY_URL) return env.PROXY_URL;
  const { PROXY_ADDRESS, PROXY_PORT, PROXY_SCHEME = 'http', PROXY_USERNAME, PROXY_PASSWORD = '' } = env;
  if (!PROXY_ADDRESS || !PROXY_PORT)
    throw new SpoorError('invalid_request', 'PROXY_TYPE is generic, but no proxy is named.', {
      field: 'PROXY_URL',
      hint: 'Set PROXY_URL, or PROXY_ADDRESS and PROXY_PORT.',
    });
  const user = PROXY_USERNAME
    ? `${encodeURIComponent(PROXY_USERNAME)}:${encodeURIComponent(PROXY_PASSWORD)}@`
    : '';
  return `${PROXY_SCHEME}://${user}${PROXY_ADDRESS}:${PROXY_PORT}`;
}
