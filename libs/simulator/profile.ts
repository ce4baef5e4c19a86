import type { Random } from './random.js';

/** What a seed has in store for the processes. */
export interface Profile {
  calm: boolean;
  /** Of each message between a process and a server. */
  lossRate: number;
  slowRate: number;
  slowMs: number;
  /** Of each statement to the database. */
  databaseErrorRate: number;
  coordinators: number;
  workers: number;
  projectors: number;
  slots: number;
  /** The lease says yes to everybody. */
  brokenLease: boolean;
  /** The lease of a dead process is known to be one. */
  seesTheDead: boolean;
  /** Servers differ in what they check first of a publish that is repeated: its id, or its place. */
  idBeforeSequence: boolean;
  skewMs: number;
  maxBatch: number;
  /** How much slower than others the projectors are. */
  projectorSlowness: number;
  faults: Fault[];
}

export type FaultKind =
  | 'crash'
  | 'freeze'
  | 'cut'
  | 'drain'
  | 'nats-restart'
  | 'database-crash'
  | 'command'
  | 'rebuild'
  | 'proxy-down';

/** What strikes, and at which step. */
export interface Fault {
  step: number;
  kind: FaultKind;
}

const MOST: [FaultKind, number][] = [
  ['crash', 8],
  ['freeze', 3],
  ['cut', 3],
  ['drain', 2],
  ['nats-restart', 2],
  ['database-crash', 2],
  ['command', 8],
  ['rebuild', 1],
  ['proxy-down', 2],
];

export function drawProfile(random: Random, pages: number): Profile {
  const calm = random.chance(0.06);
  const rarely = (rate: number, value: number): number => (!calm && random.chance(rate) ? value : 0);
  return {
    calm,
    lossRate: rarely(0.5, random.rather(0.002, 0.15)),
    slowRate: rarely(0.6, random.rather(0.005, 0.4)),
    slowMs: random.rather(20, 8000),
    databaseErrorRate: rarely(0.4, random.skewed(0.005, 0.2)),
    coordinators: random.pick([1, 2, 2]),
    workers: random.int(1, 3),
    projectors: random.chance(0.2) ? 2 : 1,
    slots: random.int(1, 10),
    brokenLease: rarely(0.25, 1) === 1,
    seesTheDead: random.chance(0.5),
    idBeforeSequence: random.chance(0.5),
    skewMs: rarely(0.2, random.skewed(10, 3_600_000)),
    maxBatch: random.int(1, 12),
    projectorSlowness: rarely(0.2, random.between(10, 300)),
    faults: calm ? [] : drawFaults(random, pages),
  };
}

/** By steps, not by time: faults meet what is done, not the waiting in between. */
function drawFaults(random: Random, pages: number): Fault[] {
  const faults: Fault[] = [];
  const horizon = 40 + Math.round(pages * random.between(5, 40));
  for (const [kind, most] of MOST) {
    if (!random.chance(0.6)) continue;
    for (let n = random.int(1, most); n > 0; n--) faults.push({ kind, step: random.int(1, horizon) });
  }
  return faults.sort((a, b) => a.step - b.step);
}
