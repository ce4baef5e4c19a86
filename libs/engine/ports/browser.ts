/** What a browser is started with. */
export interface BrowserOptions {
  headless: boolean;
  /** Script memory of one page, MB. */
  maxPageMemoryMb: number;
}

/** Starts browsers. */
export interface Browsers {
  /** @throws SpoorError browser_unavailable when none is installed, or it does not start */
  launch(options: BrowserOptions): Promise<RunningBrowser>;
}

export interface RunningBrowser {
  /** For people: name and version. */
  readonly version: string;
  readonly alive: boolean;
  /** Resolves when it is gone, for whatever reason; never rejects. */
  readonly gone: Promise<void>;
  /** @throws BrowserFault gone, failed */
  openContext(options: ContextOptions): Promise<BrowserContext>;
  /** Resident memory of all its processes; null where that cannot be seen. */
  memoryBytes(): Promise<number | null>;
  /** Ends it with all its processes. */
  close(): Promise<void>;
}

export interface ContextOptions {
  /** The only way out; null: none at all. */
  proxy: { server: string; username: string; password: string } | null;
  userAgent?: string | undefined;
  locale?: string | undefined;
  timezone?: string | undefined;
  width: number;
  height: number;
}

/** Cookies and storage of their own; survives its tabs. */
export interface BrowserContext {
  /** @throws BrowserFault gone, failed */
  openTab(): Promise<BrowserTab>;
  close(): Promise<void>;
}

export interface BrowserRedirect {
  url: string;
  statusCode: number;
  location: string;
}

/** How a document answered. */
export interface Navigation {
  statusCode: number;
  /** Several of one name are joined by line feeds. */
  headers: Record<string, string>;
  finalUrl: string;
  redirects: BrowserRedirect[];
}

export interface PageContent {
  html: string;
  truncated: boolean;
}

/**
 * One page at a time. Only waiting has a limit of its own, which a page that hangs does not keep: whoever waits too long closes the
 * tab, which ends all calls. All of them throw BrowserFault.
 */
export interface BrowserTab {
  /** False when it crashed or was closed. */
  readonly usable: boolean;
  /** Rejects with the BrowserFault that ends it. */
  readonly ended: Promise<never>;
  /** Until the document's first byte. @throws BrowserFault net, with the browser's own name of the error */
  navigate(url: string): Promise<void>;
  /** How the document answered that is shown now: scripts may have gone on to another. Null: it never did. */
  document(): Promise<Navigation | null>;
  /** @throws BrowserFault timeout */
  settle(state: 'load' | 'domcontentloaded' | 'network_idle', ms: number): Promise<void>;
  /** Until an element of the selector is in the document. @throws BrowserFault timeout; selector when it is none */
  appears(selector: string, ms: number): Promise<void>;
  has(selector: string): Promise<boolean>;
  /** The document as it is now. @param maxChars longer ones are cut */
  content(maxChars: number): Promise<PageContent>;
  /** PNG of what a person would see. */
  screenshot(): Promise<Uint8Array>;
  /** HAR 1.2 of all requests since the navigation began, without bodies. */
  har(): string;
  /** Leaves the page, whose scripts would go on otherwise. */
  clear(): Promise<void>;
  /** Works on a tab that hangs, too. */
  close(): Promise<void>;
}

export type BrowserFaultKind =
  /** The browser could not get the document. */
  | 'net'
  /** What was waited for did not happen. */
  | 'timeout'
  /** What was given is no selector. */
  | 'selector'
  /** The page's process died. */
  | 'crashed'
  /** The browser, context or tab is not there any more. */
  | 'gone'
  | 'failed';

/** Something that a browser did not do. The message is short and for people. */
export class BrowserFault extends Error {
  constructor(
    readonly kind: BrowserFaultKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'BrowserFault';
  }
}
