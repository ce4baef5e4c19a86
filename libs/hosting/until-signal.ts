/**
 * Resolves at the first SIGINT or SIGTERM, or when the parent that holds the IPC channel is gone: a child without its launcher
 * must not go on alone. A second signal ends the process at once.
 */
export function untilSignal(): Promise<'signal' | 'orphaned'> {
  return new Promise((resolve) => {
    const stop = (): void => {
      resolve('signal');
      for (const signal of ['SIGINT', 'SIGTERM'] as const) {
        process.removeListener(signal, stop);
        process.once(signal, () => process.kill(process.pid, 'SIGKILL'));
      }
    };
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
    // Undefined without a parent; false when it was gone before anybody listened.
    if (process.connected === false) resolve('orphaned');
    else if (process.channel) process.once('disconnect', () => resolve('orphaned'));
  });
}
