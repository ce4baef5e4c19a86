import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';

/** Numbers and names as `wire.ts` has them. */
export const loaderOptions = { longs: Number, enums: Number, defaults: true, arrays: true, objects: true };

/** Folder of the .proto files, above the sources and above what is built of them alike. */
export function protoDir(): string {
  for (let dir = import.meta.dirname; ; dir = dirname(dir)) {
    const found = join(dir, 'proto');
    if (existsSync(join(found, 'worker.proto'))) return found;
    if (dir === dirname(dir)) throw new Error('the folder proto is missing');
  }
}

export const loadProto = (...files: string[]): PackageDefinition =>
  loadSync(files, { ...loaderOptions, includeDirs: [protoDir()] });
