/** What no answer may hold: whatever names our code, libraries, stores, machine or ways. */
const EVERYWHERE = [
  /\bat .*\.(?:[cm]?[jt]s):\d/,
  /node_modules|node:internal|file:\/\//,
  /\bE(?:CONN|NOTFOUND|HOSTUN|NETUN|PIPE|TIMEDOUT|AI_|ADDR|PERM|ACCES|NOENT)[A-Z]*/,
  /\b(?:Type|Range|Syntax|Reference|Assertion|Aggregate|Zod|Nats|QueryFailed|HTTP)Error\b/,
  /syntax error at|relation "|SQLSTATE|violates|invalid input syntax|invalid byte sequence|\bSELECT\b|\bINSERT\b/,
  /Unexpected (?:token|end)|in JSON at|is not a function|of undefined|of null|circular structure/,
  /\b(?:typeorm|undici|nestjs|express|body-parser|cheerio|pg-pool|nats-server)\b/i,
];
/** Scrapes repeat nothing of what was asked, so no address belongs there at all. */
const OF_SCRAPES = [/\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b/, /localhost|\.invalid|::1|getaddrinfo/];

/** @param own what this server has of its own: folders, ports, names @returns what is leaked; null: nothing */
export function leakIn(answer: string, isScrape: boolean, own: readonly string[]): string | null {
  for (const pattern of isScrape ? [...EVERYWHERE, ...OF_SCRAPES] : EVERYWHERE) {
    const found = pattern.exec(answer);
    if (found) return found[0];
  }
  return own.find((text) => answer.includes(text)) ?? null;
}
