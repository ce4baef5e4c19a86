import { Inject, Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { Shell } from '#libs/pages';
import { callerOf } from '../http/caller.js';
import { Assets } from './assets.js';
import { BrowserSessions } from './browser-sessions.js';

/** What a page has to know of the request it answers, and how it is sent. */
@Injectable()
export class PageShells {
  private readonly assets = new Assets();

  constructor(@Inject(BrowserSessions) private readonly sessions: BrowserSessions) {}

  for(request: Request, response: Response): Shell {
    const caller = callerOf(request);
    const keyId = caller?.keyId ?? null;
    return {
      assets: this.assets.hrefs,
      token: this.sessions.tokenFor(request, response),
      account: this.sessions.keyOf(request) === undefined || keyId === null ? null : `key ${keyId}`,
      may: { write: caller?.may('jobs:write') ?? false, admin: caller?.isAdmin ?? false },
      now: Date.now(),
    };
  }

  asset(href: string): ReturnType<Assets['find']> {
    return this.assets.find(href);
  }
}

export const sendPage = (response: Response, text: string, status = 200): void =>
  void response.status(status).type('html').send(text);
