export { diskRoom } from './disk.js';
export { systemClock } from './clock.js';
export { newHashKey, newId } from './random.js';
