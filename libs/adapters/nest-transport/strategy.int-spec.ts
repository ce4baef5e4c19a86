import 'reflect-metadata';
import { Controller, Module, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { connectLog, type JetStreamHandle } from '#libs/adapters/jetstream';
import type { LogBatch } from '#libs/engine/ports';
import { jobEventId, type NewJobEvent, type StoredEvent } from '#libs/events';
import { startTestNats, until, type TestNats } from '#libs/testing';
import { FoldBatch, FoldContext, JetStreamStrategy, OnEvent, type StrategyOptions } from './index.js';

const decision = (jobId: string, commandId: string, type: 'JobStopped' | 'JobPaused'): NewJobEvent => {
  const envelope = { id: jobEventId(jobId, commandId), jobId, time: '2026-01-01T00:00:00.000Z' };
  return type === 'JobStopped'
    ? { ...envelope, type, data: { commandId, run: 1 } }
    : { ...envelope, type, data: { commandId, run: 1, by: 'user' } };
};

describe('the event log as a Nest transport', () => {
  let nats: TestNats;
  let log: JetStreamHandle;
  let app: INestMicroservice | null = null;
  const logged: string[] = [];
  const logger = { log: () => {}, warn: (m: string) => logged.push(m), error: (m: string) => logged.push(m) };

  beforeEach(async () => {
    nats = await startTestNats();
    log = await connectLog({ url: nats.url, shards: 1, name: 'nest-spec' });
    logged.length = 0;
  });
  afterEach(async () => {
    await app?.close();
    app = null;
    await log.close();
    await nats.stop();
  });

  async function start(
    controller: new () => object,
    options: Partial<StrategyOptions> = {},
  ): Promise<JetStreamStrategy> {
    class App {}
    Module({ controllers: [controller] })(App);
    const strategy = new JetStreamStrategy({ eventLog: log.eventLog, shards: [0], logger, ...options });
    app = await NestFactory.createMicroservice(App, { strategy, logger: false });
    await app.listen();
    return strategy;
  }
  async function append(count: number, type: 'JobStopped' | 'JobPaused' = 'JobPaused'): Promise<void> {
    for (let i = 0; i < count; i += 1)
      await log.eventLog.appendJob(decision(`0-nestjob${String(i).padStart(3, '0')}`, 'c', type), 0);
  }

  it('feeds a fold in order from its checkpoint, one batch at a time', async () => {
    await append(10);
    const seen: number[] = [];
    let running = 0;
    @Controller()
    class Projector {
      @FoldBatch('projector')
      async fold(@Payload() batch: LogBatch, @Ctx() context: FoldContext): Promise<void> {
        running += 1;
        expect(running).toBe(1);
        expect(context.shard).toBe(0);
        await new Promise((resolve) => setImmediate(resolve));
        seen.push(...batch.entries.map((e) => e.seq));
        running -= 1;
      }
    }
    const strategy = await start(Projector, { checkpoints: { projector: async () => 4 }, maxBatch: 3 });
    await until(() => seen.length === 7);
    expect(seen).toEqual([4, 5, 6, 7, 8, 9, 10]);
    await until(() => strategy.foldStatus()[0]?.caughtUp);
    expect(strategy.foldStatus()).toMatchObject([{ name: 'projector', shard: 0, position: 10, retrying: 0 }]);
  });

  it('repeats the same batch until the handler takes it, and says what is wrong', async () => {
    await append(2);
    const tries: number[][] = [];
    let broken = true;
    @Controller()
    class Projector {
      @FoldBatch('projector')
      async fold(batch: LogBatch): Promise<void> {
        if (batch.entries.length === 0) return;
        tries.push(batch.entries.map((e) => e.seq));
        if (broken) throw new Error('the database is away');
      }
    }
    const strategy = await start(Projector, { checkpoints: { projector: async () => 1 } });
    await until(() => tries.length >= 3);
    expect(strategy.foldStatus()).toMatchObject([{ position: 0, lastError: 'the database is away' }]);
    expect(strategy.foldStatus()[0]?.retrying).toBeGreaterThan(0);
    expect(logged.join('\n')).toMatch(/projector failed at 1\.\.2 of shard 0.*the database is away/);
    broken = false;
    await until(() => strategy.foldStatus()[0]?.position === 2);
    expect(tries.every((t) => t.join() === '1,2')).toBe(true);
    expect(strategy.foldStatus()).toMatchObject([{ retrying: 0, lastError: null }]);
  });

  it('tells listeners of every event of their type from now on, and retries those that fail', async () => {
    await log.eventLog.appendJob(decision('0-beforehand', 'c', 'JobStopped'), 0);
    const heard: string[] = [];
    const plain: string[] = [];
    const givenUp: string[] = [];
    let failures = 0;
    @Controller()
    class Listener {
      @OnEvent('JobStopped')
      async stopped(event: StoredEvent<'JobStopped'>): Promise<void> {
        if (event.jobId === '0-nestjob001' && failures++ === 0) throw new Error('once');
        if (event.jobId === '0-nestjob002') throw new Error('always');
        heard.push(event.jobId);
      }
      @EventPattern<string>('JobPaused')
      paused(event: StoredEvent<'JobPaused'>): void {
        plain.push(event.jobId);
      }
    }
    const onGiveUp = (event: StoredEvent, error: unknown): void => {
      givenUp.push(`${event.jobId} ${error instanceof Error ? error.message : ''}`);
    };
    await start(Listener, { attempts: 2, onGiveUp });
    await append(3, 'JobStopped');
    await log.eventLog.appendJob(decision('0-pausedjob', 'c', 'JobPaused'), 0);
    await until(() => heard.length === 2 && givenUp.length === 1 && plain.length === 1);
    expect(heard.sort()).toEqual(['0-nestjob000', '0-nestjob001']);
    expect(givenUp).toEqual(['0-nestjob002 always']);
    expect(plain).toEqual(['0-pausedjob']);
    expect(logged.join('\n')).toMatch(/JobStopped failed at \d+ \(try 1 of 2\): once/);
  });

  it('waits for the handler that runs when it closes', async () => {
    await append(1);
    let begun = false;
    let finished = false;
    let finish = (): void => {};
    @Controller()
    class Projector {
      @FoldBatch('projector')
      async fold(): Promise<void> {
        begun = true;
        await new Promise<void>((resolve) => (finish = resolve));
        finished = true;
      }
    }
    await start(Projector, { checkpoints: { projector: async () => 1 } });
    await until(() => begun);
    const closing = app?.close().then(() => expect(finished).toBe(true));
    app = null;
    finish();
    await closing;
    expect(finished).toBe(true);
  });

  it('goes on across kill -9 of the server', async () => {
    const seen: number[] = [];
    @Controller()
    class Projector {
      @FoldBatch('projector')
      async fold(batch: LogBatch): Promise<void> {
        seen.push(...batch.entries.map((e) => e.seq));
      }
    }
    await start(Projector, { checkpoints: { projector: async () => 1 } });
    await append(5);
    await nats.kill9();
    await nats.restart();
    await append(8, 'JobPaused');
    const { lastSeq } = await log.eventLog.head(0);
    await until(() => seen.length >= lastSeq);
    expect(seen).toEqual(Array.from({ length: lastSeq }, (_, i) => i + 1));
  });

  it('refuses handlers that could never be called', async () => {
    @Controller()
    class Unknown {
      @EventPattern<string>('JobDreamt')
      handle(): void {}
    }
    await expect(start(Unknown)).rejects.toThrow('there is no event JobDreamt in the catalogue');
    @Controller()
    class NoCheckpoint {
      @FoldBatch('nowhere')
      async fold(): Promise<void> {}
    }
    await expect(start(NoCheckpoint)).rejects.toThrow('fold nowhere has no checkpoint');
  });
});
