export { SolanaVerifier, type SolanaOptions } from './solana-verifier.js';
