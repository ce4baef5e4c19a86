/** Where the adapter says what an operator should see. Messages carry no secrets and no addresses. */
export interface AdapterLogger {
  /** What only somebody who checks the books wants to know, e.g. each event that the log has acknowledged. */
  debug?(fields: object, message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

export const silentLogger: AdapterLogger = { info: () => {}, warn: () => {}, error: () => {} };
