export { BackupFolder } from './backup-folder.js';
