import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { startDemoProxy, type DemoFault, type DemoProxy } from './index.js';

/** What the proxy says to a CONNECT: its first line, '' for an end without an answer, or the error's code. */
function ask(proxy: DemoProxy, target: string, password = 'pw'): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(proxy.port, '127.0.0.1');
    const token = Buffer.from(`user:${password}`).toString('base64');
    socket.on('connect', () =>
      socket.write(
        `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\nProxy-Authorization: Basic ${token}\r\n\r\n`,
      ),
    );
    socket.on('data', (data) => {
      resolve(data.toString('latin1').split('\r\n')[0]!);
      socket.destroy();
    });
    socket.on('end', () => resolve(''));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
  });
}

describe('demo proxy', () => {
  const site = createServer((_, response) => response.end('hello'));
  let target: string;
  let proxy: DemoProxy;
  beforeAll(async () => {
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    target = `127.0.0.1:${(site.address() as AddressInfo).port}`;
    proxy = await startDemoProxy({ user: 'user', password: 'pw' });
  });
  afterAll(async () => {
    await proxy.close();
    site.close();
  });

  it('tunnels for who knows the password, and counts it', async () => {
    expect(await ask(proxy, target)).toBe('HTTP/1.1 200 Connection established');
    expect(await ask(proxy, target, 'wrong')).toBe('HTTP/1.1 407 Proxy Authentication Required');
    expect(proxy.connects()).toBe(1);
    expect(proxy.log).toEqual([
      { method: 'CONNECT', target, user: 'user', accepted: true },
      { method: 'CONNECT', target, user: 'user', accepted: false },
    ]);
  });

  it.each<[DemoFault, string]>([
    ['407', 'HTTP/1.1 407 Proxy Authentication Required'],
    ['traffic-limit', 'HTTP/1.1 407 Access Denied'],
    ['502', 'HTTP/1.1 502 Bad Gateway'],
    ['504', 'HTTP/1.1 504 Timeout'],
    ['522', 'HTTP/1.1 522 Timeout'],
    ['525', 'HTTP/1.1 525 No Exit Found'],
    ['refuse', 'ECONNREFUSED'],
    ['reset', 'ECONNRESET'],
    ['close', ''],
    ['garbage', '\u0000\u0001 this is no HTTP \u0002'],
  ])('breaks by %s, on the same port, and mends', async (fault, said) => {
    const { port } = proxy;
    await proxy.fault(fault);
    expect(await ask(proxy, target)).toBe(said);
    await proxy.fault(null);
    expect(proxy.port).toBe(port);
    expect(await ask(proxy, target)).toBe('HTTP/1.1 200 Connection established');
  });
});
