/** Where the adapter says what an operator should see. Messages carry no secrets and no addresses. */
export interface AdapterLogger {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

export const silentLogger: AdapterLogger = { info: () => {}, warn: () => {}, error: () => {} };
