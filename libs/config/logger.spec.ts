import { createLogger } from './logger.js';
import { NestLogger } from './nest-logger.js';

const capture = (): { lines: string[]; stream: { write(line: string): void } } => {
  const lines: string[] = [];
  return { lines, stream: { write: (line) => void lines.push(line) } };
};

describe('createLogger', () => {
  it('lets no secret through, wherever it stands', () => {
    const { lines, stream } = capture();
    const logger = createLogger('test', { level: 'trace', stream });
    const cause = Object.assign(new Error('connect nats://u:hunter2@host:1'), { password: 'hunter2' });
    logger.info(
      { url: 'postgres://u:hunter2@host/db', nested: [{ apiToken: 'hunter2' }] },
      'at nats://u:hunter2@h',
    );
    logger.warn('http://hunter2@proxy said %s', 'Bearer hunter2');
    logger.error({ headers: { Authorization: 'Basic hunter2' }, err: new Error('x', { cause }) });
    logger.error(cause);
    logger.child({ part: 'a', token: 'hunter2' }).info({ proxyPassword: 'hunter2' }, 'done');
    new NestLogger(logger).error('redis://:hunter2@h failed', 'Error: hunter3\n at x', 'SomeClass');
    expect(lines.length).toBeGreaterThan(5);
    expect(lines.join('')).not.toContain('hunter2');
    expect(lines[0]).toContain('postgres://host/db');
  });

  it('writes one JSON line with name, level and time', () => {
    const { lines, stream } = capture();
    createLogger('worker', { level: 'info', stream }).info({ pages: 3 }, 'done');
    expect(JSON.parse(lines.join(''))).toMatchObject({
      name: 'worker',
      level: 'info',
      pages: 3,
      msg: 'done',
    });
  });

  it('says with each line what is being done, without its secrets', () => {
    const { lines, stream } = capture();
    const traceparent = `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-00`;
    createLogger('api', { stream, context: () => ({ traceparent, token: 'hunter2' }) }).info('done');
    expect(JSON.parse(lines.join(''))).toMatchObject({ traceparent, msg: 'done' });
    expect(lines.join('')).not.toContain('hunter2');
  });

  it('leaves out what is below its level', () => {
    const { lines, stream } = capture();
    createLogger('worker', { level: 'warn', stream }).info('not this');
    expect(lines).toEqual([]);
  });
});
