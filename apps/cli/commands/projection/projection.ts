import type { Command } from 'commander';
import type { Finish } from '../../finish.js';
import { addProjectionLs } from './ls.js';
import { addProjectionParked, addProjectionUnpark } from './parked.js';
import { addProjectionRebuild } from './rebuild.js';
import { addProjectionVerify } from './verify.js';

/** `spoor projection …`: the read models can be thrown away and come out the same. */
export function addProjection(program: Command, finish: Finish): void {
  const projection = program.command('projection').description('read models in Postgres').exitOverride();
  addProjectionLs(projection, finish);
  addProjectionRebuild(projection, finish);
  addProjectionVerify(projection, finish);
  addProjectionParked(projection, finish);
  addProjectionUnpark(projection, finish);
}
