export { simulate } from './command-line.js';
export { runSeed, type RunReport } from './run.js';
