import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  closeSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { processIdentity } from '#libs/adapters/servers';
import { freePort, noteProcess, until } from '#libs/testing';

const SHARED_MEMORY = '/dev/shm';

export interface RealProxyOptions {
  user: string;
  password: string;
  /** The only port that it opens ways to; the host is 127.0.0.1. */
  targetPort: number;
  /** Address that it speaks to targets from, so that a target can tell its connections from direct ones. */
  from: string;
}

interface Place extends RealProxyOptions {
  dir: string;
  port: number;
}

interface Product {
  /** Name of its program and of its Debian package. */
  name: string;
  /** What it cannot do without, beside its program: the first of each list that is there. */
  helper?: string[];
  /** Writes its files and answers the arguments for a process that stays in the foreground. */
  prepare(place: Place, helper: string): string[];
  /** Its log, and what stands there once for each way that it opened. */
  log: string;
  opened: RegExp;
  /** Names in the shared memory of the system that it leaves behind when it is killed. */
  leaves?(place: Place): string;
}

const fileWith = (file: string, lines: string[]): string => {
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
};

const squid: Product = {
  name: 'squid',
  helper: ['lib', 'lib64', 'libexec'].map((folder) => `/usr/${folder}/squid/basic_ncsa_auth`),
  log: 'access.log',
  opened: /TCP_TUNNEL\/200 .* CONNECT /g,
  prepare: (place, helper) => {
    const { dir, port, user, password, targetPort, from } = place;
    // Of the forms that its helper knows, the one that takes no other program to make.
    const digest = createHash('md5').update(password).digest('hex');
    const passwords = fileWith(join(dir, 'passwords'), [`${user}:${digest}`]);
    const config = fileWith(join(dir, 'squid.conf'), [
      `http_port 127.0.0.1:${port}`,
      `auth_param basic program ${helper} ${passwords}`,
      'auth_param basic children 2 startup=1 idle=1',
      'acl known proxy_auth REQUIRED',
      'acl target dst 127.0.0.1',
      `acl target_port port ${targetPort}`,
      'http_access allow CONNECT target_port target known',
      'http_access deny all',
      `tcp_outgoing_address ${from}`,
      'cache deny all',
      'cache_mem 0 MB',
      `access_log stdio:${join(dir, 'access.log')} squid`,
      `cache_log ${join(dir, 'cache.log')}`,
      `coredump_dir ${dir}`,
      'pid_filename none',
      'pinger_enable off',
      'visible_hostname localhost',
      // All addresses are literals; should one be looked up all the same, not in the outside world.
      'dns_nameservers 127.0.0.1',
    ]);
    return ['-N', '-n', squid.leaves!(place), '-f', config];
  },
  leaves: ({ port }) => `spoor${port}`,
};

const tinyproxy: Product = {
  name: 'tinyproxy',
  log: 'tinyproxy.log',
  opened: /Established connection to host /g,
  prepare: ({ dir, port, user, password, targetPort, from }) => {
    const config = fileWith(join(dir, 'tinyproxy.conf'), [
      `Port ${port}`,
      'Listen 127.0.0.1',
      'Allow 127.0.0.1',
      `Bind ${from}`,
      `BasicAuth ${user} ${password}`,
      `ConnectPort ${targetPort}`,
      'MaxClients 100',
      'Timeout 60',
      'LogLevel Connect',
      `LogFile "${join(dir, 'tinyproxy.log')}"`,
    ]);
    return ['-d', '-c', config];
  },
};

const isProgram = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** Proxies are found in sbin, which is not on everybody's path. */
const programOf = (name: string): string | undefined =>
  [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
    .map((folder) => join(folder, name))
    .find(isProgram);

export type ProductName = 'squid' | 'tinyproxy';
const PRODUCTS: Record<ProductName, Product> = { squid, tinyproxy };

/** What is missing here to run it; null when nothing is. */
export function missing(name: ProductName): string | null {
  const { helper } = PRODUCTS[name];
  if (!programOf(name)) return `${name} is not installed (apt-get install ${name})`;
  return helper && !helper.some(isProgram) ? `${name} has none of ${helper.join(', ')}` : null;
}

/** A proxy of the distribution as a process of the test's own, on a free port of the loopback address. */
export class RealProxy {
  private child: ChildProcess | null = null;
  private readonly program: string;
  private readonly args: string[];

  private constructor(
    private readonly product: Product,
    private readonly place: Place,
  ) {
    this.program = programOf(product.name)!;
    this.args = product.prepare(place, product.helper?.find(isProgram) ?? '');
  }

  static async start(name: ProductName, options: RealProxyOptions): Promise<RealProxy> {
    const dir = mkdtempSync(join(tmpdir(), `spoor-${name}-`));
    // Started by root, squid goes on as somebody else, who writes its logs here.
    if (process.getuid?.() === 0) chmodSync(dir, 0o777);
    const proxy = new RealProxy(PRODUCTS[name], { ...options, dir, port: await freePort() });
    try {
      await proxy.start();
    } catch (error) {
      await proxy.close();
      throw error;
    }
    return proxy;
  }

  /** With these credentials, right or wrong. */
  urlFor(user: string, password: string): string {
    return `http://${user}:${password}@127.0.0.1:${this.place.port}`;
  }

  /** Ways that it opened, by its own log; some write of one only when it has ended. */
  opened(): number {
    const file = join(this.place.dir, this.product.log);
    return existsSync(file) ? (readFileSync(file, 'utf8').match(this.product.opened) ?? []).length : 0;
  }

  /** Runs it, again on the same port after `kill9`. */
  async start(): Promise<void> {
    const said = join(this.place.dir, 'output');
    const output = openSync(said, 'a');
    const child = spawn(this.program, this.args, {
      cwd: this.place.dir,
      stdio: ['ignore', output, output],
    });
    closeSync(output);
    this.child = child;
    await once(child, 'spawn');
    noteProcess({ pid: child.pid!, identity: processIdentity(child.pid!) ?? '' });
    const isUp = async (): Promise<boolean> => {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`${this.product.name} ended at once: ${readFileSync(said, 'utf8')}`);
      return accepts(this.place.port);
    };
    await until(isUp, { what: `${this.product.name} to listen` });
  }

  async kill9(): Promise<void> {
    const { child } = this;
    this.child = null;
    if (!child?.pid || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  async close(): Promise<void> {
    await this.kill9();
    rmSync(this.place.dir, { recursive: true, force: true });
    const left = this.product.leaves?.(this.place);
    if (left === undefined || !existsSync(SHARED_MEMORY)) return;
    for (const file of readdirSync(SHARED_MEMORY))
      if (file.startsWith(`${left}-`)) rmSync(join(SHARED_MEMORY, file), { force: true });
  }
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
