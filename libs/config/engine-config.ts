import { parseUrl } from '#libs/events';
import { resolve } from 'node:path';
import { z } from 'zod';
import { SpoorError } from '#libs/failures';

const whole = (min: number, max: number) =>
  z.string().regex(/^\d+$/).transform(Number).pipe(z.number().int().min(min).max(max));

const urlOf = (...protocols: string[]) =>
  z.string().refine((text) => protocols.includes(parseUrl(text)?.protocol ?? ''));

/** Several servers of a cluster, separated by commas; the first one names protocol and credentials. */
const natsUrls = z.string().refine((text) =>
  text
    .split(',')
    .map((part) => (part.includes('://') ? part : `nats://${part}`).trim())
    .every((part) => ['nats:', 'tls:'].includes(parseUrl(part)?.protocol ?? '')),
);

const HOST_PORT = /^(\*|\[[0-9a-f:.]+\]|[a-z0-9._-]+|[0-9a-f]*:[0-9a-f:.]+)(:\d{1,5})?$/i;
const listOf = (part: RegExp) =>
  z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((one) => one.trim())
        .filter(Boolean),
    )
    .pipe(z.array(z.string().regex(part)));
const hostList = listOf(HOST_PORT);

const word = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
const base58 = z.string().regex(/^[1-9A-HJ-NP-Za-km-z]{32,44}$/);

/** Every variable that the engine reads, what it may hold, and in which words that is told. */
const variables = {
  SPOOR_HOME: { schema: z.string().min(1).default('.spoor'), expects: 'a folder' },
  NATS_URL: { schema: natsUrls.optional(), expects: 'nats://[user:password@]host:port[,host:port…]' },
  DATABASE_URL: {
    schema: urlOf('postgres:', 'postgresql:').optional(),
    expects: 'postgres://user:password@host:port/database',
  },
  SPOOR_SHARDS: { schema: whole(1, 64).default(1), expects: 'a whole number from 1 to 64' },
  SPOOR_DURABILITY: { schema: z.enum(['fast', 'safe']).default('fast'), expects: 'fast or safe' },
  SPOOR_REPLICAS: {
    schema: z
      .enum(['1', '3', '5'])
      .default('1')
      .transform((text) => Number(text)),
    expects: '1, 3 or 5',
  },
  SPOOR_NATS_SYNC: {
    schema: z
      .string()
      .regex(/^(always|\d+(ms|s|m|h))$/)
      .optional(),
    expects: 'always, or a time such as 120s: what sync_interval of nats-server is',
  },
  SPOOR_HOST: {
    schema: z
      .string()
      .regex(/^[\w.:-]+$/)
      .default('127.0.0.1'),
    expects: 'an address to listen on',
  },
  SPOOR_PORT: { schema: whole(0, 65_535).default(8080), expects: 'a port, 0 for any free one' },
  SPOOR_METRICS_HOST: {
    schema: z
      .string()
      .regex(/^[\w.:-]+$/)
      .default('127.0.0.1'),
    expects: 'an address to listen on',
  },
  SPOOR_METRICS_PORT: { schema: whole(0, 65_535).optional(), expects: 'a port, 0 for any free one' },
  SPOOR_ALLOW_PRIVATE: {
    schema: hostList.default([]),
    expects: 'a comma list of host or host:port, or * for all',
  },
  SPOOR_WORKER_SLOTS: { schema: whole(1, 1024).default(32), expects: 'a whole number from 1 to 1024' },
  SPOOR_WORKER_POOLS: {
    schema: listOf(/^[a-z][a-z0-9_-]{0,31}$/).default(['http']),
    expects: 'a comma list of pools: small letters, digits, _ and -',
  },
  SPOOR_RETENTION_DAYS: { schema: whole(1, 36_500).optional(), expects: 'a whole number of days, 1 or more' },
  SPOOR_LOG_LEVEL: {
    schema: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
    expects: 'trace, debug, info, warn, error, fatal or silent',
  },
  SPOOR_LOG_TIMEOUT_MS: {
    schema: whole(1_000, 3_600_000).default(60_000),
    expects: 'milliseconds, 1000 or more',
  },
  SPOOR_KEY_SECRET: { schema: z.string().min(32).optional(), expects: '32 or more random characters' },
  SPOOR_SCRAPE_ROBOTS: { schema: z.enum(['obey', 'ignore']).default('ignore'), expects: 'obey or ignore' },
  SPOOR_SCRAPE_PROXY_URL: {
    schema: urlOf('http:', 'https:').optional(),
    expects: 'http(s)://[user:password@]host:port',
  },
  SPOOR_SCRAPE_FALLBACK: {
    schema: z.enum(['central', 'none']).default('central'),
    expects: 'central or none',
  },
  SPOOR_NODE_ID: { schema: word.optional(), expects: 'up to 64 letters, digits, - and _' },
  SPOOR_REGION: { schema: word.optional(), expects: 'up to 64 letters, digits, - and _' },
  SPOOR_SOLANA_RPC_URL: { schema: urlOf('http:', 'https:').optional(), expects: 'http(s)://host[:port]/…' },
  SPOOR_WATT_MINT: { schema: base58.optional(), expects: 'a Solana address' },
  SPOOR_WATT_RECIPIENT: { schema: base58.optional(), expects: 'a Solana address' },
  SPOOR_WATT_PRICE: { schema: whole(1, 1_000_000_000).default(100), expects: 'a whole number of WATT' },
  SPOOR_TRUSTED_PROXIES: {
    schema: listOf(/^[0-9a-f:.]+(\/\d{1,3})?$/i).default([]),
    expects: 'a comma list of addresses, or address/bits',
  },
  SPOOR_HIVE_ADDRESS: {
    schema: z
      .string()
      .regex(/^(\[[0-9a-f:.]+\]|[\w.-]+):\d{1,5}$/i)
      .optional(),
    expects: 'host:port of a browser service',
  },
  SPOOR_HIVE_KEY: {
    schema: z.union([z.literal('none'), z.string().min(16)]).optional(),
    expects: '16 or more characters, as the browser service has them',
  },
  SPOOR_LEASE_MS: { schema: whole(1_000, 600_000).default(5_000), expects: 'milliseconds, 1000 or more' },
};

/** What the engine is told by its environment. */
export interface EngineConfig {
  /** Absolute path of SPOOR_HOME: data of the embedded servers, logs, bodies. */
  home: string;
  /** Null: the embedded server is used. */
  natsUrl: string | null;
  databaseUrl: string | null;
  shards: number;
  /** `safe`: what is acknowledged has reached the disk, also that of a power loss. */
  durability: 'fast' | 'safe';
  /** Copies of each stream, on as many NATS servers. */
  replicas: number;
  /** What the operator says of a NATS server of their own: it confirms after the disk does, or before. Null: nothing. */
  natsSync: 'always' | 'interval' | null;
  host: string;
  port: number;
  /** Where each process serves health and metrics of its own; null: nowhere. */
  metricsPort: number | null;
  metricsHost: string;
  /** `host` or `host:port` of private addresses that may be crawled all the same; `*`: all of them. */
  allowPrivate: string[];
  /** Pages that one worker process fetches at once. */
  workerSlots: number;
  /** Whose tasks a worker takes; its slots are shared out among them. */
  workerPools: string[];
  /** Jobs that are done or stopped are removed after so many days; null: never. */
  retentionDays: number | null;
  logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  /** How long (ms) a call to the event log goes on trying before it gives up. */
  logTimeoutMs: number;
  /** The browser service for stages that render; null: workers start one of their own when they need it. */
  hive: { address: string; key: string | null } | null;
  /** How long (ms) a leader's lease lasts without renewal. */
  leaseMs: number;
  /** Under which API keys are hashed; null: one of our own under SPOOR_HOME, on loopback only. */
  keySecret: string | null;
  scrape: {
    robots: 'obey' | 'ignore';
    /** Every scrape goes through the proxy of SPOOR_SCRAPE_PROXY_URL. */
    proxied: boolean;
    /** Whether this process fetches itself what no node has answered. */
    fallback: boolean;
  };
  /** Of a scrape node: its name, and where it stands. */
  node: { id: string | null; region: string | null };
  /** How a scrape is paid for without a key; null: it is not. */
  payment: { rpcUrl: string; mint: string; recipient: string; price: number } | null;
  /** Addresses whose X-Forwarded-For is believed. */
  trustedProxies: string[];
}

const syncOf = (text: string | undefined): EngineConfig['natsSync'] =>
  text === undefined ? null : text === 'always' ? 'always' : 'interval';

type Variable = keyof typeof variables;

function valueOf<V extends Variable>(
  name: V,
  env: NodeJS.ProcessEnv,
): z.output<(typeof variables)[V]['schema']> {
  // An empty variable is one that is not set: that is how compose files and CI leave them out.
  const parsed = variables[name].schema.safeParse(env[name] === '' ? undefined : env[name]);
  if (parsed.success) return parsed.data as z.output<(typeof variables)[V]['schema']>;
  throw new SpoorError('invalid_request', `${name} is not valid.`, {
    field: name,
    // Never the value: it may be a password, or a URL with one.
    hint: `It takes ${variables[name].expects}.`,
  });
}

/**
 * Reads and checks the environment. Relative SPOOR_HOME counts from `cwd`.
 * @throws SpoorError invalid_request that names the variable, never its value
 */
export function loadConfig(env: NodeJS.ProcessEnv = process.env, cwd: string = process.cwd()): EngineConfig {
  return {
    home: resolve(cwd, valueOf('SPOOR_HOME', env)),
    natsUrl: valueOf('NATS_URL', env) ?? null,
    databaseUrl: valueOf('DATABASE_URL', env) ?? null,
    shards: valueOf('SPOOR_SHARDS', env),
    durability: valueOf('SPOOR_DURABILITY', env),
    replicas: valueOf('SPOOR_REPLICAS', env),
    natsSync: syncOf(valueOf('SPOOR_NATS_SYNC', env)),
    host: valueOf('SPOOR_HOST', env),
    port: valueOf('SPOOR_PORT', env),
    metricsPort: valueOf('SPOOR_METRICS_PORT', env) ?? null,
    metricsHost: valueOf('SPOOR_METRICS_HOST', env),
    allowPrivate: valueOf('SPOOR_ALLOW_PRIVATE', env),
    workerSlots: valueOf('SPOOR_WORKER_SLOTS', env),
    workerPools: valueOf('SPOOR_WORKER_POOLS', env),
    retentionDays: valueOf('SPOOR_RETENTION_DAYS', env) ?? null,
    logLevel: valueOf('SPOOR_LOG_LEVEL', env),
    logTimeoutMs: valueOf('SPOOR_LOG_TIMEOUT_MS', env),
    leaseMs: valueOf('SPOOR_LEASE_MS', env),
    hive: hiveOf(env),
    keySecret: valueOf('SPOOR_KEY_SECRET', env) ?? null,
    scrape: {
      robots: valueOf('SPOOR_SCRAPE_ROBOTS', env),
      proxied: valueOf('SPOOR_SCRAPE_PROXY_URL', env) !== undefined,
      fallback: valueOf('SPOOR_SCRAPE_FALLBACK', env) === 'central',
    },
    node: { id: valueOf('SPOOR_NODE_ID', env) ?? null, region: valueOf('SPOOR_REGION', env) ?? null },
    payment: paymentOf(env),
    trustedProxies: valueOf('SPOOR_TRUSTED_PROXIES', env),
  };
}

function hiveOf(env: NodeJS.ProcessEnv): EngineConfig['hive'] {
  const address = valueOf('SPOOR_HIVE_ADDRESS', env);
  if (address === undefined) return null;
  const key = valueOf('SPOOR_HIVE_KEY', env);
  return { address, key: key === undefined || key === 'none' ? null : key };
}

/** All of it or nothing: half a configuration would take no payment and say nothing. */
function paymentOf(env: NodeJS.ProcessEnv): EngineConfig['payment'] {
  const rpcUrl = valueOf('SPOOR_SOLANA_RPC_URL', env);
  const mint = valueOf('SPOOR_WATT_MINT', env);
  const recipient = valueOf('SPOOR_WATT_RECIPIENT', env);
  const price = valueOf('SPOOR_WATT_PRICE', env);
  if (rpcUrl !== undefined && mint !== undefined && recipient !== undefined)
    return { rpcUrl, mint, recipient, price };
  const given = { SPOOR_SOLANA_RPC_URL: rpcUrl, SPOOR_WATT_MINT: mint, SPOOR_WATT_RECIPIENT: recipient };
  const missing = Object.entries(given).filter(([, value]) => value === undefined);
  if (missing.length === 3) return null;
  const field = missing.map(([name]) => name).join(', ');
  throw new SpoorError('invalid_request', `${field} is not set, but others of payment are.`, {
    field,
    hint: 'Payment takes SPOOR_SOLANA_RPC_URL, SPOOR_WATT_MINT and SPOOR_WATT_RECIPIENT together.',
  });
}
