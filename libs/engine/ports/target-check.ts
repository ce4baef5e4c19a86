/** Whether a URL may be fetched at all, before anything else is said about it. */
export interface TargetCheck {
  /** False when its host is, or resolves to, an address that is not public. A name that does not resolve is nobody's to block. */
  admits(url: string, signal: AbortSignal): Promise<boolean>;
}
