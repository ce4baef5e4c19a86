export { createApi } from './create-api.js';
export { startApi } from './start-api.js';
export { ApiModule } from './api.module.js';
export type { ApiConfig, ApiDeps, ApiLog } from './deps.js';
export { jobSpecSchema, openApiDocument } from './schemas/openapi.js';
