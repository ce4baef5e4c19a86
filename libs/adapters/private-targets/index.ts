import { FilePrivateTargets } from './file-private-targets.js';

export type { FilePrivateTargets } from './file-private-targets.js';

export interface PrivateTargetsOptions {
  /** Directory that holds a file for each job with such a permission; made when needed. */
  dir: string;
}

export const createPrivateTargets = ({ dir }: PrivateTargetsOptions): FilePrivateTargets =>
  new FilePrivateTargets(dir);
