import type { Fault } from '../fault.js';
import type { Role } from '../harness/part.js';

const ROLES: Role[] = ['coordinator', 'worker', 'projector'];

/**
 * Stopped for longer than its lease, or than its tasks stay its own, then let go on as if nothing had been. Another process of its
 * role has taken over meanwhile, and must not be disturbed.
 */
export const freeze: Fault[] = ROLES.map((role) => ({
  name: `freeze-${role}`,
  about: `SIGSTOP of one of two ${role}s past its lease, then SIGCONT`,
  stage: () => ({ count: { [role]: 2 } }),
  inject: async (run) => {
    await run.moment(0.1, 0.6);
    const parts = run.stage.partsOf(role);
    const part = run.random.pick(parts);
    run.note(`stop ${part.name}`);
    part.freeze();
    await run.pause(7_000, 10_000);
    part.thaw();
  },
  // The tasks that it held have been done by another one when it goes on with them.
  allow: role === 'worker' ? { afterCommit: 32 } : {},
}));
