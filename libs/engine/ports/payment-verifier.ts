/** Looks a payment up on the chain. */
export interface PaymentVerifier {
  /**
   * That the wallet signed a transaction of at most ten minutes ago which succeeded and moved the price, in the right token,
   * from it to the recipient.
   * @param acceptedBefore it was found so once already, and only its age is no matter any more
   * @returns the amount that was moved
   * @throws ScrapeError invalid_payment, payment_failed (also while the chain cannot be asked)
   */
  verify(
    payment: { wallet: string; signature: string },
    acceptedBefore: boolean,
    signal: AbortSignal,
  ): Promise<number>;
}
