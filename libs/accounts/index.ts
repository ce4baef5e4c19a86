export {
  allows,
  isActive,
  keyIdOf,
  makeKey,
  TIER_LIMITS,
  type ApiKey,
  type Scope,
  type Tier,
  KEY_ID,
} from './api-key.js';
export { foldKey, type KeyRing } from './key-ring.js';
export { sumByCaller, usageOf, type UsageDelta } from './usage.js';
export { CLAIM_MS, foldPayment, refusalOf, unusedPayment, type Payment } from './payment.js';
