import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fault } from '../fault.js';
import { ROLES } from '../harness/part.js';

/** Where distributions keep it (Debian's package libfaketime). */
const LIBRARY = ['x86_64-linux-gnu/', 'aarch64-linux-gnu/', '64/', '']
  .map((folder) => `/usr/lib/${folder}faketime/libfaketimeMT.so.1`)
  .concat('/usr/lib64/faketime/libfaketimeMT.so.1')
  .find((file) => existsSync(file));

/** The wall clock of one process jumps; its monotonic one goes on, as it does when a machine's clock is set. */
export const clockJump: Fault[] = ROLES.map((role) => ({
  name: `clock-jump-${role}`,
  about: `the clock of the ${role} is set forward or back by up to an hour, and set right again`,
  missing: () => (LIBRARY ? null : 'libfaketime is not installed (apt-get install libfaketime)'),
  prepare: async (run) => {
    const part = run.stage.part(role);
    await part.kill9();
    const file = join(run.stage.home, `clock-${role}`);
    writeFileSync(file, '+0\n');
    part.start({
      LD_PRELOAD: LIBRARY,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    });
    await part.ready();
  },
  inject: async (run) => {
    const set = (seconds: number): void => {
      run.note(`${seconds} s`);
      writeFileSync(join(run.stage.home, `clock-${role}`), `${seconds < 0 ? '' : '+'}${seconds}\n`);
    };
    await run.moment(0.05, 0.4);
    set(run.random.pick([-1, 1]) * run.random.int(900, 3600));
    // A reply that is lost just then must not be waited for until the clock has caught up.
    const relay = run.stage.relay(`${role}-nats`);
    let left = run.random.int(3, 10);
    relay.watch((direction, { op }) =>
      direction === 'down' && op.endsWith('MSG') && left-- > 0 ? 'drop' : 'pass',
    );
    await run.moment(0.5, 0.8);
    set(0);
    await run.pause(100, 1_000);
  },
  // Whatever waits for the clock waits for minutes.
  allow: { endMs: 120_000 },
  spoilsStage: true,
}));
