export { TarStream } from './tar-stream.js';
export { TarArchive } from './tar-archive.js';
