export { loaderOptions, loadProto, protoDir } from './proto.js';
export { createHiveRenderer, type HiveRendererOptions } from './renderer.js';
export { createHiveWorkers, type HiveWorkersOptions } from './workers.js';
export {
  fromWire,
  requestOf,
  toWire,
  type WireAnswer,
  type WirePage,
  type WireRenderResult,
} from './wire.js';
