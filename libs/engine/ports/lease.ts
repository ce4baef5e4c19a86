/** Picks one leader to save work; correctness never rests on it. */
export interface Lease {
  /** True when this holder has it now (taken or renewed). */
  hold(name: string, holder: string): Promise<boolean>;
  release(name: string, holder: string): Promise<void>;
  /** Who holds it, or null. */
  holder(name: string): Promise<string | null>;
}
