import type { BrowserOptions } from '#libs/engine/ports';

/** Nothing listens there: what belongs to no context has no way out. */
const NOWHERE = 'http://127.0.0.1:1';

/** What every browser is started with, on top of what Playwright passes. */
export const flagsOf = ({ maxPageMemoryMb }: BrowserOptions): string[] => [
  // The proxies of contexts are the only way out: no name is resolved here, and nothing is asked without them.
  `--proxy-server=${NOWHERE}`,
  '--proxy-bypass-list=<-loopback>',
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
  '--dns-prefetch-disable',
  '--disable-quic',
  // By this name and with its value; headless browsers take no notice of the preference's own name.
  '--force-webrtc-ip-handling-policy=disable_non_proxied_udp',
  // Nor does the browser ask for anything of its own.
  '--no-pings',
  '--disable-domain-reliability',
  '--disable-client-side-phishing-detection',
  '--no-default-browser-check',
  '--deny-permission-prompts',
  // Containers have a /dev/shm of 64 MB.
  '--disable-dev-shm-usage',
  `--js-flags=--max-old-space-size=${maxPageMemoryMb}`,
];
