import type { Copies } from '#libs/engine/ports';
import { finding, type Finding } from './findings.js';

export interface Durability {
  promised: 'fast' | 'safe';
  /** SPOOR_REPLICAS. */
  replicas: number;
  /**
   * Whether the server waits for its disk before it confirms. No client can see that, so it is known of an embedded server, or from
   * the operator; null: not at all.
   */
  sync: 'always' | 'interval' | null;
  copies: readonly Copies[];
}

/** Where a deployment promises more than it has. */
export function judgeDurability({ promised, replicas, sync, copies }: Durability): Finding[] {
  const found: Finding[] = [];
  const short = copies.filter((stream) => stream.replicas < replicas);
  if (short.length > 0) {
    const streams = short.map(({ stream, replicas: has }) => `${stream} has ${has}`).join(', ');
    found.push(finding('copies_missing', `SPOOR_REPLICAS is ${replicas}, but ${streams}.`));
  }
  if (promised === 'fast' || sync === 'always') return found;
  found.push(
    sync === 'interval'
      ? finding(
          'disk_not_awaited',
          'SPOOR_DURABILITY is safe, but nats-server confirms events before they are on its disk: power loss takes the last ones.',
        )
      : finding(
          'disk_wait_unknown',
          'SPOOR_DURABILITY is safe, but whether this nats-server waits for its disk cannot be seen from here.',
        ),
  );
  return found;
}
