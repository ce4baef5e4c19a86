import { startTestNats, until, type TestNats } from '#libs/testing';
import { dial, type LogConnection } from './connection.js';
import { silentLogger } from './logger.js';

const HOUR_MS = 3_600_000;
const real = Date.now.bind(Date);
const setClock = (ms: number): void => void (Date.now = () => real() + ms);

describe('a wall clock that is set by an hour', () => {
  let nats: TestNats;
  let connection: LogConnection;

  beforeAll(async () => {
    nats = await startTestNats();
    connection = await dial({
      ...{ url: nats.url, name: 'clock-spec', connectTimeoutMs: 5000, timeoutMs: 20_000 },
      logger: silentLogger,
    });
  });
  afterEach(() => setClock(0));
  afterAll(async () => {
    await connection.nc.close();
    await nats.stop();
  });

  it('back keeps nobody waiting for an hour: a request whose answer was lost is sent again', async () => {
    let asked = 0;
    connection.nc.subscribe('clock.ask', {
      callback: (_, msg) => {
        if (++asked > 1) msg.respond('{"answer":1}');
      },
    });
    const answer = connection.requests.json('clock.ask', {});
    await until(() => asked === 1, { what: 'the request to arrive' });
    setClock(-HOUR_MS);
    expect(await answer).toEqual({ answer: 1 });
  });

  it('forward gives up nothing that has just begun', async () => {
    let asked = 0;
    connection.nc.subscribe('clock.later', {
      callback: (_, msg) => {
        if (++asked > 1) msg.respond('{"answer":2}');
      },
    });
    const answer = connection.requests.json('clock.later', {});
    await until(() => asked === 1, { what: 'the request to arrive' });
    setClock(HOUR_MS);
    expect(await answer).toEqual({ answer: 2 });
  });
});
