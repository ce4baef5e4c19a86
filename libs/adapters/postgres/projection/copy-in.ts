import type pg from 'pg';

// What COPY needs of pg's connection; its type definitions leave it out.
declare module 'pg' {
  interface Connection {
    query(text: string): void;
    sendCopyFromChunk(chunk: Buffer): void;
    endCopyFrom(): void;
  }
}

/** `COPY … FROM STDIN` of data that is in memory, as a query of pg. */
class CopyIn implements pg.Submittable {
  readonly done: Promise<void>;
  private resolve: () => void;
  private reject: (error: Error) => void;

  constructor(
    private readonly sql: string,
    private readonly data: Buffer,
  ) {
    this.done = new Promise<void>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  submit(connection: pg.Connection): void {
    connection.query(this.sql);
  }

  handleCopyInResponse(connection: pg.Connection): void {
    if (this.data.length > 0) connection.sendCopyFromChunk(this.data);
    connection.endCopyFrom();
  }

  handleCommandComplete(): void {
    // What counts is that the server is ready again.
  }

  handleReadyForQuery(): void {
    this.resolve();
  }

  handleError(error: Error): void {
    this.reject(error);
  }
}

export const copyIn = (client: pg.PoolClient, sql: string, data: string): Promise<void> =>
  client.query(new CopyIn(sql, Buffer.from(data))).done;
