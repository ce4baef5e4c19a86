export { firstSeqAt, lastSeqAt, parseMoment, type Moment } from './moment.js';
export { readHistory, type HistoryRange, type ReadEvents } from './read-history.js';
