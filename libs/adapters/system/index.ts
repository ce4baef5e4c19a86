export { diskRoom } from './disk.js';
export { systemClock } from './clock.js';
export { currentTraceparent, newTraceparent, traceContext, traced } from './trace.js';
export { newHashKey, newId } from './random.js';
export { createKeyHasher } from './key-hasher.js';
export { createSeal, type Seal } from './seal.js';
export { installationSecret, type SecretOptions } from './installation-secret.js';
