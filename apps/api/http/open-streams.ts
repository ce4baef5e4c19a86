import { setMaxListeners } from 'node:events';
import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Server } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { NextFunction, Request, Response } from 'express';
import { API_DEPS, type ApiDeps } from '../deps.js';

/** One for all answers: each would pay for a stack trace that nobody reads. */
const ENDED = new DOMException('The answer has ended', 'AbortError');

/** Answers that go on until somebody ends them: the client by going away, or the server by closing. */
@Injectable()
export class OpenStreams implements BeforeApplicationShutdown {
  private readonly closing = new AbortController();
  private readonly underWay = new Set<Response>();
  private onIdle: () => void = () => undefined;

  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
  ) {
    // One of each answer that is under way: many are no leak.
    setMaxListeners(0, this.closing.signal);
  }

  get isClosing(): boolean {
    return this.closing.signal.aborted;
  }

  /** Fires when the client has gone or the server closes. `done` must be called in the end. */
  signalFor(response: Response): { signal: AbortSignal; done: () => void } {
    const ended = new AbortController();
    const end = (): void => ended.abort(ENDED);
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

  /** Middleware: knows every answer until its last byte has left. */
  readonly watch = (_request: Request, response: Response, next: NextFunction): void => {
    this.underWay.add(response);
    response.once('close', () => {
      this.underWay.delete(response);
      if (this.underWay.size === 0) this.onIdle();
    });
    if (this.isClosing) response.setHeader('connection', 'close');
    next();
  };

  /** Node itself would cut an answer that is written but not sent yet, so the server closes when none is left. */
  async beforeApplicationShutdown(): Promise<void> {
    const idle = new Promise<void>((resolve) => (this.onIdle = resolve));
    this.closing.abort();
    if (this.underWay.size > 0) {
      const inTime = new AbortController();
      const grace = wait(this.deps.config.shutdownGraceMs ?? 3000, undefined, { signal: inTime.signal });
      await Promise.race([idle, grace.catch(() => undefined)]);
      inTime.abort();
    }
    const server: Server = this.host.httpAdapter.getHttpServer();
    server.closeAllConnections();
  }
}
