import type { EngineConfig } from '#libs/config';
import { judgeDurability, type Finding } from '#libs/engine/health';
import type { LogInspection } from '#libs/engine/ports';

export interface DurabilityOf {
  config: Pick<EngineConfig, 'durability' | 'replicas' | 'shards'>;
  log: { inspection: Pick<LogInspection, 'copies'> };
  natsSync: EngineConfig['natsSync'];
}

/** Where this deployment promises more than it has; asks for nothing when it promises nothing. @throws SpoorError */
export async function durabilityFindings({ config, log, natsSync }: DurabilityOf): Promise<Finding[]> {
  const { durability: promised, replicas, shards } = config;
  if (promised === 'fast' && replicas === 1) return [];
  const copies = await Promise.all(
    Array.from({ length: shards }, (_, shard) => log.inspection.copies(shard)),
  );
  return judgeDurability({ promised, replicas, sync: natsSync, copies: copies.flat() });
}
