export { ReadinessCheck, type Readiness } from './readiness.js';
export { ReadinessModule } from './readiness.module.js';
export { readyBody } from './ready-body.js';
