export { TarArchive } from './tar-archive.js';
