import { Controller, Inject } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { FoldBatch, FoldContext } from '#libs/adapters/nest-transport';
import type { Projector } from '#libs/engine';
import type { LogBatch } from '#libs/engine/ports';

/** By shard. */
export const PROJECTORS = Symbol('Projectors');
/** Fires when the process is told to end: a commit that waits for its store then waits no longer. */
export const STOPPING = Symbol('Stopping');

@Controller()
export class ProjectorController {
  constructor(
    @Inject(PROJECTORS) private readonly projectors: readonly Projector[],
    @Inject(STOPPING) private readonly stopping: AbortSignal,
  ) {}

  @FoldBatch('projector')
  async fold(@Payload() batch: LogBatch, @Ctx() context: FoldContext): Promise<void> {
    await this.projectors[context.shard]?.apply(batch, this.stopping);
  }
}
