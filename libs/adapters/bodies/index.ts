import type { BodyArchive } from '#libs/engine/ports';
import { FileBodies } from './file-bodies.js';

export interface FileBodiesOptions {
  /** Directory that holds a directory for each job; made when needed. */
  dir: string;
  /** Have the disk confirm each body before its event is published (default false: safe against process death only). */
  sync?: boolean;
}

export const createFileBodies = ({ dir, sync = false }: FileBodiesOptions): BodyArchive =>
  new FileBodies(dir, sync);
