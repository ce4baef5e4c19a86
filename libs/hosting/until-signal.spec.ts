import { untilSignal } from './until-signal.js';

describe('untilSignal', () => {
  const connected = Object.getOwnPropertyDescriptor(process, 'connected');
  afterEach(() => {
    if (connected) Object.defineProperty(process, 'connected', connected);
    else Reflect.deleteProperty(process, 'connected');
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeAllListeners(signal);
  });

  it('given a launcher that died before anybody listened, then the process is an orphan at once', async () => {
    Object.defineProperty(process, 'connected', { value: false, configurable: true });
    await expect(untilSignal()).resolves.toBe('orphaned');
  });

  it('given a process without a launcher, then only a signal ends it, and that only once', async () => {
    Object.defineProperty(process, 'connected', { value: undefined, configurable: true });
    const ended = untilSignal();
    process.emit('SIGTERM');
    await expect(ended).resolves.toBe('signal');
  });
});
