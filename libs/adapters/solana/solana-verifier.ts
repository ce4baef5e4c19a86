import {
  createSolanaRpcFromTransport,
  isAddress,
  isSignature,
  type RpcTransport,
  type Signature,
} from '@solana/kit';
import type { Clock, JsonEndpoint, Logger, PaymentVerifier } from '#libs/engine/ports';
import { ScrapeError } from '#libs/failures';
import { movedBy, type TokenBalance } from './moved.js';

export interface SolanaOptions {
  /** JSON-RPC of a node that the operator trusts. */
  endpoint: JsonEndpoint;
  /** Of the token that is paid with. */
  mint: string;
  /** Owner of the account that is paid to. */
  recipient: string;
  /** Whole tokens. */
  price: number;
  clock: Pick<Clock, 'now'>;
  logger: Logger;
}

const MAX_AGE_MS = 10 * 60_000;
/** Clocks of validators and ours are not the same. */
const SKEW_MS = 60_000;

const failed = (message: string): ScrapeError => new ScrapeError('payment_failed', message);

/** Payments in an SPL token, as `getTransaction` (jsonParsed) tells of them; the sums are those of the balances, not of instructions. */
export class SolanaVerifier implements PaymentVerifier {
  private readonly rpc;

  constructor(private readonly options: SolanaOptions) {
    const transport = (({ payload, signal }) =>
      options.endpoint.call(payload, signal ?? new AbortController().signal)) as RpcTransport;
    this.rpc = createSolanaRpcFromTransport(transport);
  }

  async verify(
    { wallet, signature }: { wallet: string; signature: string },
    acceptedBefore: boolean,
    signal: AbortSignal,
  ): Promise<number> {
    if (!isSignature(signature))
      throw new ScrapeError('invalid_payment', 'Transaction signature format is invalid');
    if (!isAddress(wallet)) throw new ScrapeError('invalid_payment', 'Wallet address is invalid');
    const found = await this.ask(signature, signal);
    // Also when it is told of another one.
    if (found === null || found.transaction.signatures[0] !== signature)
      throw failed('Transaction not found');
    const { meta, blockTime, transaction } = found;
    if (meta === null || meta.err !== null) throw failed('Transaction has failed on the chain');
    const signers = transaction.message.accountKeys.filter(({ signer }) => signer);
    if (!signers.some(({ pubkey }) => pubkey === wallet))
      throw new ScrapeError('invalid_payment', 'Transaction signature verification failed');
    if (!acceptedBefore) this.checkAge(blockTime === null ? null : Number(blockTime) * 1000);
    return this.amountOf(wallet, meta.preTokenBalances ?? [], meta.postTokenBalances ?? []);
  }

  private async ask(signature: Signature, signal: AbortSignal) {
    try {
      return await this.rpc
        .getTransaction(signature, {
          ...{ encoding: 'jsonParsed', commitment: 'confirmed', maxSupportedTransactionVersion: 0 },
        })
        .send({ abortSignal: signal });
    } catch (error) {
      this.options.logger.warn(
        { error: error instanceof Error ? error.name : '' },
        'the chain cannot be asked',
      );
      throw new ScrapeError(
        'payment_failed',
        'The payment cannot be verified at the moment; it stays unspent. Try again later.',
        {},
        { cause: error },
      );
    }
  }

  private checkAge(at: number | null): void {
    const now = this.options.clock.now();
    if (at === null || at > now + SKEW_MS) throw failed('Transaction has no time yet; try again in a moment');
    if (now - at > MAX_AGE_MS) throw failed('Transaction is too old (more than 10 minutes)');
  }

  private amountOf(wallet: string, before: readonly TokenBalance[], after: readonly TokenBalance[]): number {
    const { mint, recipient, price } = this.options;
    const received = movedBy(recipient, mint, before, after);
    if (received.amount <= 0n) throw failed('Transaction does not pay the right token to the right address');
    const needed = BigInt(price) * 10n ** BigInt(received.decimals);
    if (received.amount < needed || -movedBy(wallet, mint, before, after).amount < needed)
      throw failed(`Insufficient amount: ${price} WATT are needed`);
    return Number(received.amount) / 10 ** received.decimals;
  }
}
