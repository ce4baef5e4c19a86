import type { Allowance } from '#libs/engine/ports';
import { finding, type Finding } from './findings.js';

/** From here on jobs pause: there is still room to say why. */
export const FULL_FROM = 0.95;
const NEARLY_FULL_FROM = 0.8;
/** Workers repeat a refused write every 5 s at the latest; an older refusal is history. */
const REFUSAL_LASTS_MS = 15_000;
const NEARLY_FULL_DISK = 4;

const MIB = 1024 * 1024;
const amount = (n: number, unit: Allowance['unit']): string =>
  unit === 'messages'
    ? `${n} messages`
    : n < 10 * MIB
      ? `${Math.ceil(n / 1024)} KiB`
      : `${Math.round(n / MIB)} MiB`;

/** The allowance of which most is used; null when nothing is limited. */
export function fullest(allowances: readonly Allowance[]): Allowance | null {
  return allowances.reduce<Allowance | null>(
    (most, one) => (most === null || one.used / one.limit > most.used / most.limit ? one : most),
    null,
  );
}

export const isFull = ({ used, limit }: Allowance): boolean => used >= limit * FULL_FROM;

/** How a limit of a stream is raised; that of an account stands in the server's configuration. */
function raise({ name, limit, unit }: Allowance): { command?: string } {
  const stream = /^stream (\S+)$/.exec(name)?.[1];
  if (!stream) return {};
  return {
    command: `nats stream edit ${stream} --${unit === 'bytes' ? 'max-bytes' : 'max-msgs'}=${2 * limit}`,
  };
}

export function judgeLog(shard: number, allowances: Allowance[], refusedMsAgo: number | null): Finding[] {
  const findings = allowances
    .filter(({ used, limit }) => used >= limit * NEARLY_FULL_FROM)
    .map((one) => {
      const { name, used, limit, unit } = one;
      const percent = Math.floor((used / limit) * 100);
      const whose = name === 'account' ? 'The NATS account of the event log' : `The ${name} of NATS`;
      const message = `${whose} is ${percent} % full: ${amount(used, unit)} of ${amount(limit, unit)}.`;
      return finding(isFull(one) ? 'log_full' : 'log_nearly_full', message, { shard, ...raise(one) });
    });
  const refused = refusedMsAgo !== null && refusedMsAgo < REFUSAL_LASTS_MS;
  if (refused && !findings.some(({ code }) => code === 'log_full'))
    findings.push(finding('log_full', 'NATS has refused to store an event for want of room.', { shard }));
  return findings;
}

export function judgeDisk(freeBytes: number | null, minFreeBytes: number): Finding[] {
  if (freeBytes === null || freeBytes >= minFreeBytes * NEARLY_FULL_DISK) return [];
  const message = `The disk under SPOOR_HOME has ${amount(freeBytes, 'bytes')} left.`;
  return [finding(freeBytes < minFreeBytes ? 'disk_full' : 'disk_nearly_full', message)];
}
