import type { StoredEvent } from '#libs/events';

/** Writes the records of a WARC/1.1 file (ISO 28500:2017). Each is a gzip member of its own, so that files can be joined and sought in. */
export interface WarcRecords {
  /**
   * The first record of a file: what the others are.
   * @param madeAt ms since the epoch
   * @param fields a line each
   */
  info(madeAt: number, fields: Record<string, string>): AsyncIterable<Uint8Array>;
  /**
   * A page: the redirects that led to its response, the response, and what the log says of it.
   * @param payload the body as it is stored, in the coding that the event names; empty where the response had none
   */
  page(event: StoredEvent<'PageFetched'>, payload: Uint8Array): AsyncIterable<Uint8Array>;
}
