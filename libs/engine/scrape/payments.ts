import { foldPayment, refusalOf, unusedPayment, type Payment } from '#libs/accounts';
import { subjects, type NewAccountEvent } from '#libs/events';
import { ScrapeError } from '#libs/failures';
import { describeError } from '../describe-error.js';
import {
  ConflictError,
  type AccountLog,
  type Clock,
  type Logger,
  type PaymentVerifier,
} from '../ports/index.js';

export interface PaymentsDeps {
  accounts: () => Promise<AccountLog>;
  verifier: PaymentVerifier;
  clock: Pick<Clock, 'now'>;
  logger: Logger;
}

/** A payment in the hands of one call; ends with one of the two. */
export interface Claim {
  /** Before content is handed out. @throws ScrapeError payment_failed when it is not ours any more */
  spend(): Promise<void>;
  /** The call brought no content. */
  release(code: string): Promise<void>;
}

const USED = 'Transaction signature has already been used';

/** Each payment serves once, however many calls bring it at once: the log decides, by the last sequence of its subject. */
export class Payments {
  constructor(private readonly deps: PaymentsDeps) {}

  /** @throws ScrapeError invalid_payment, payment_failed; the payment is then as it was */
  async claim(
    payment: { wallet: string; signature: string },
    requestId: string,
    signal: AbortSignal,
  ): Promise<Claim> {
    const { wallet, signature } = payment;
    const log = await this.deps.accounts();
    const subject = subjectOf(signature);
    const found = await this.look(log, subject);
    const refusal = refusalOf(found, wallet, this.deps.clock.now());
    if (refusal !== null) throw new ScrapeError('payment_failed', refusal);
    // Who paid in time and got nothing may come back later.
    const amount = await this.deps.verifier.verify(payment, found.status !== 'unused', signal);
    const time = new Date(this.deps.clock.now()).toISOString();
    const accepted = await this.append(
      log,
      {
        ...{ type: 'PaymentAccepted', id: `payment:${requestId}`, subject, time },
        data: { signature, wallet, amount, requestId },
      },
      found.seq,
    );
    const end = (event: Pick<NewAccountEvent, 'type' | 'data'>): Promise<number> => {
      const stamp = {
        id: `payment:${requestId}:end`,
        subject,
        time: new Date(this.deps.clock.now()).toISOString(),
      };
      return this.append(log, { ...event, ...stamp } as NewAccountEvent, accepted);
    };
    return {
      spend: async () => void (await end({ type: 'PaymentSpent', data: { signature, requestId } })),
      release: async (code) => {
        try {
          await end({ type: 'PaymentReleased', data: { signature, requestId, code } });
        } catch (error) {
          // The claim ends by itself.
          this.deps.logger.warn({ error: describeError(error) }, 'a payment was not released at once');
        }
      },
    };
  }

  private async look(log: AccountLog, subject: string): Promise<Payment> {
    const payment = unusedPayment();
    for await (const { events } of log.read({ only: { subject } }))
      for (const event of events) foldPayment(payment, event);
    return payment;
  }

  private async append(log: AccountLog, event: NewAccountEvent, expectedSeq: number): Promise<number> {
    try {
      return (await log.append(event, expectedSeq)).seq;
    } catch (error) {
      if (error instanceof ConflictError) throw new ScrapeError('payment_failed', USED, {}, { cause: error });
      throw error;
    }
  }
}

/** @throws ScrapeError invalid_payment */
function subjectOf(signature: string): string {
  // Base58 of 64 bytes; anything else never was a signature and must not become a subject.
  if (!/^[1-9A-HJ-NP-Za-km-z]{64,90}$/.test(signature))
    throw new ScrapeError('invalid_payment', 'Transaction signature format is invalid');
  return subjects.paymentSubject(signature);
}
