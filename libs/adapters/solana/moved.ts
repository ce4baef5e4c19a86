/** A token account's balance as `getTransaction` lists it. */
export interface TokenBalance {
  mint: string;
  owner?: string | undefined;
  uiTokenAmount: { amount: string; decimals: number };
}

/** By how much the balances of an owner in one token changed, in its smallest unit: over all its accounts, so that nothing moves in a circle. */
export function movedBy(
  owner: string,
  mint: string,
  before: readonly TokenBalance[],
  after: readonly TokenBalance[],
): { amount: bigint; decimals: number } {
  let decimals = 0;
  const sum = (balances: readonly TokenBalance[]): bigint =>
    balances
      .filter((balance) => balance.mint === mint && balance.owner === owner)
      .reduce((total, { uiTokenAmount }) => {
        decimals = uiTokenAmount.decimals;
        return total + BigInt(uiTokenAmount.amount);
      }, 0n);
  return { amount: sum(after) - sum(before), decimals };
}
