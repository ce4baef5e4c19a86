import { statfs } from 'node:fs/promises';
import type { Room } from '#libs/engine/ports';

/** @param folder any folder on the disk */
export const diskRoom = (folder: string): Room => ({
  freeBytes: async () => {
    try {
      const { bavail, bsize } = await statfs(folder);
      return bavail * bsize;
    } catch {
      return null;
    }
  },
});
