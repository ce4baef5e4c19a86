export { connectLog, type ConnectOptions, type JetStreamHandle } from './connect.js';
export { connectNode, type NodeHandle } from './nodes/connect-node.js';
export { connectHeartbeats, type HeartbeatHandle } from './nodes/connect-heartbeats.js';
export { LogIdentityError } from '#libs/engine/ports';
export type { AdapterLogger } from './logger.js';
