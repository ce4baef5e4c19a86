import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Server } from 'node:http';
import type { Response } from 'express';
import { API_DEPS, type ApiDeps } from '../deps.js';

/** Answers that go on until somebody ends them: the client by going away, or the server by closing. */
@Injectable()
export class OpenStreams implements BeforeApplicationShutdown {
  private readonly closing = new AbortController();

  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
  ) {}

  get isClosing(): boolean {
    return this.closing.signal.aborted;
  }

  /** Fires when the client has gone or the server closes. `done` must be called in the end. */
  signalFor(response: Response): { signal: AbortSignal; done: () => void } {
    const ended = new AbortController();
    const end = (): void => ended.abort();
    response.once('close', end);
    this.closing.signal.addEventListener('abort', end);
    if (this.isClosing || response.destroyed) end();
    const done = (): void => {
      response.off('close', end);
      this.closing.signal.removeEventListener('abort', end);
      end();
    };
    return { signal: ended.signal, done };
  }

  beforeApplicationShutdown(): void {
    this.closing.abort();
    const server: Server = this.host.httpAdapter.getHttpServer();
    // An answer whose client does not read must not keep the process.
    setTimeout(() => server.closeAllConnections(), this.deps.config.shutdownGraceMs ?? 3000).unref();
  }
}
