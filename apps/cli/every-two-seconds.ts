const EVERY_MS = 2000;

/** Tells how far something long has come, not more often than a person wants to know. */
export function everyTwoSeconds(tell: (count: number) => void): (count: number) => void {
  let told = Date.now();
  return (count) => {
    if (Date.now() - told < EVERY_MS) return;
    told = Date.now();
    tell(count);
  };
}
