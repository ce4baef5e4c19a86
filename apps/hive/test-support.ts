import { Client, credentials, Metadata, type ServiceDefinition, type ServiceError } from '@grpc/grpc-js';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { execFileSync } from 'node:child_process';
import { loadProto, type WireAnswer } from '#libs/adapters/hive-grpc';

/** Of the coordinator; a worker's has no session and no worker. */
export interface Answer extends WireAnswer {
  sessionId: string;
  workerId: string;
}

export interface CallOptions {
  deadlineMs?: number;
  key?: string;
  /** Sent instead of a message. */
  raw?: Buffer;
}

/** A client as anybody writes one: the .proto file, nothing of ours. */
export class GrpcCaller {
  private readonly client: Client;
  private readonly service: ServiceDefinition;

  constructor(address: string, file: string, service: string) {
    this.client = new Client(address, credentials.createInsecure());
    this.service = loadProto(file)[service] as ServiceDefinition;
  }

  /** @throws the ServiceError of a status other than OK */
  call<T = Answer>(
    method: string,
    request: object,
    { deadlineMs = 60_000, key, raw }: CallOptions = {},
  ): Promise<T> {
    const { path, requestSerialize, responseDeserialize } = this.service[method]!;
    const metadata = new Metadata();
    if (key !== undefined) metadata.set('authorization', `Bearer ${key}`);
    return new Promise<T>((resolve, reject) =>
      this.client.makeUnaryRequest<object, T>(
        ...([path, raw ? () => raw : requestSerialize, responseDeserialize, request, metadata] as const),
        { deadline: Date.now() + deadlineMs },
        (error: ServiceError | null, answer?: T) => (error ? reject(error) : resolve(answer!)),
      ),
    );
  }

  close(): void {
    this.client.close();
  }
}

export interface LocalSite {
  readonly url: string;
  readonly host: string;
  /** Paths that were asked for. */
  readonly asked: string[];
  /** Answers whoever waits for /held. */
  release(): void;
  close(): Promise<void>;
}

const html = (res: ServerResponse, body: string, status = 200, headers: Record<string, string> = {}): void =>
  void res.writeHead(status, { 'content-type': 'text/html; charset=utf-8', ...headers }).end(body);

/** Pages that only a browser brings to their end, and some that nobody does. */
export async function startLocalSite(): Promise<LocalSite> {
  const asked: string[] = [];
  const held: ServerResponse[] = [];
  const pages: Record<string, (req: IncomingMessage, res: ServerResponse) => void> = {
    '/rendered': (_, res) =>
      html(
        res,
        '<div id="app"></div><script>app.innerHTML = "<h1 id=done>rendered \u{1F400} here</h1>"</script>',
      ),
    '/later': (_, res) =>
      html(res, '<p>first</p><script>fetch("/slow").then(() => document.body.append("and later"))</script>'),
    '/captcha': (_, res) => html(res, '<div class="captcha-challenge">prove it</div>'),
    '/hang': (_, res) =>
      html(res, '<p>stuck</p><script>while (true);</script>', 200, { 'set-cookie': 'kept=yes' }),
    '/set': (_, res) => html(res, 'set', 200, { 'set-cookie': 'kept=yes' }),
    '/cookie': (req, res) => html(res, `<p id="c">${req.headers.cookie ?? 'no cookie'}</p>`),
    '/never': () => undefined,
    '/held': (_, res) => void held.push(res),
    '/slow': (_, res) => void setTimeout(() => html(res, 'slow'), 300),
    '/restless': (_, res) => html(res, '<p>never quiet</p><script>fetch("/never")</script>'),
    '/noisy': (_, res) =>
      html(res, '<p>never quiet</p><script>setInterval(() => fetch("/ok"), 100)</script>'),
    '/ok': (_, res) => html(res, 'ok'),
    '/forbidden': (_, res) => html(res, 'go away<script>fetch("/never")</script>', 403),
    '/gone': (_, res) => html(res, 'gone', 410),
    '/to-private': (_, res) => html(res, '', 302, { location: 'http://169.254.169.254/latest' }),
    '/to-rendered': (_, res) => html(res, '', 302, { location: '/rendered' }),
    '/crash': (_, res) =>
      html(res, '<script>const a = []; for (;;) a.push(new Array(1e6).fill({}))</script>'),
    '/surrogate': (_, res) =>
      html(res, '<script>document.write("half " + String.fromCharCode(0xd83d))</script>'),
    '/reset': (req) => void req.socket.destroy(),
  };
  const server = createServer((req, res) => {
    const path = new URL(req.url ?? '/', 'http://site').pathname;
    asked.push(path);
    const page = pages[path];
    if (page) page(req, res);
    else html(res, `page ${path}`, path.startsWith('/page') ? 200 : 404);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ...{ url: `http://${host}`, host, asked },
    release: () => {
      for (const res of held.splice(0)) html(res, 'held no more');
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Kills the browsers that this process started, and nobody else's. @returns how many */
export function killBrowsers(parent = process.pid): number {
  const lines = execFileSync('ps', ['-eww', '-o', 'pid,ppid,args'], { encoding: 'utf8' }).split('\n');
  const mine = lines
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter((match) => Number(match?.[2]) === parent && match?.[3]?.includes('--remote-debugging-pipe'))
    .map((match) => Number(match![1]));
  for (const pid of mine) process.kill(pid, 'SIGKILL');
  return mine.length;
}
