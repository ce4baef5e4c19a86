import type { AccountEvent } from '#libs/events';
import { CLAIM_MS, foldPayment, refusalOf, unusedPayment, type Payment } from './index.js';

const NOW = 1_700_000_000_000;
const stamp = (seq: number, storedAt = NOW) => ({ id: String(seq), subject: 's', time: '', seq, storedAt });
const accepted = (seq: number, wallet = 'ann', storedAt = NOW): AccountEvent => ({
  ...{ type: 'PaymentAccepted', ...stamp(seq, storedAt) },
  data: { signature: 'sig', wallet, amount: 100, requestId: 'r' },
});
const released = (seq: number): AccountEvent => ({
  ...{ type: 'PaymentReleased', ...stamp(seq) },
  data: { signature: 'sig', requestId: 'r', code: 'timeout' },
});
const spent = (seq: number): AccountEvent => ({
  ...{ type: 'PaymentSpent', ...stamp(seq) },
  data: { signature: 'sig', requestId: 'r' },
});
const after = (...events: AccountEvent[]): Payment => {
  const payment = unusedPayment();
  for (const event of events) foldPayment(payment, event);
  return payment;
};

describe('a payment', () => {
  it('given nothing, then anybody may use it', () => expect(refusalOf(after(), 'ann', NOW)).toBeNull());

  it('given a claim, then nobody else may use it, its own wallet neither until the claim ends', () => {
    const payment = after(accepted(4));
    expect(payment).toMatchObject({ status: 'claimed', seq: 4 });
    expect(refusalOf(payment, 'ann', NOW + 1)).toMatch(/being used/);
    expect(refusalOf(payment, 'bob', NOW + 1)).toMatch(/already been used/);
    expect(refusalOf(payment, 'ann', NOW + CLAIM_MS)).toBeNull();
    expect(refusalOf(payment, 'bob', NOW + CLAIM_MS)).toMatch(/already been used/);
  });

  it('given a release, then the same wallet may use it again, and no other', () => {
    const payment = after(accepted(1), released(2));
    expect(refusalOf(payment, 'ann', NOW)).toBeNull();
    expect(refusalOf(payment, 'bob', NOW)).toMatch(/already been used/);
  });

  it('given that it is spent, then nobody may use it ever again', () => {
    const payment = after(accepted(1), released(2), accepted(3), spent(4));
    for (const wallet of ['ann', 'bob'])
      expect(refusalOf(payment, wallet, NOW + 1e12)).toBe('Transaction signature has already been used');
  });

  it('given ten tries without content, then it was tried too often', () => {
    const tries = Array.from({ length: 10 }, (_, i) => [accepted(2 * i + 1), released(2 * i + 2)]).flat();
    expect(refusalOf(after(...tries), 'ann', NOW)).toMatch(/too often/);
    expect(refusalOf(after(...tries.slice(2)), 'ann', NOW)).toBeNull();
  });
});
