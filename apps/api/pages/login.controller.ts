import { Body, Controller, Get, Inject, Post, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { loginPage } from '#libs/pages';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { Needs } from '../http/access.js';
import { callerOf, callerWith } from '../http/caller.js';
import { RequestRefused } from '../http/request-refused.js';
import { BrowserSessions } from './browser-sessions.js';
import type { Fields } from './fields.js';
import { PageShells, sendPage } from './page-shells.js';
import { localPath } from './paths.js';

/** Keys are 256 random bits, so there is nothing to guess; what is told of a wrong one is that it is wrong. */
@ApiExcludeController()
@Controller()
export class LoginController {
  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(PageShells) private readonly shells: PageShells,
    @Inject(BrowserSessions) private readonly sessions: BrowserSessions,
  ) {}

  @Get()
  @Needs({ scope: 'own' })
  home(@Res() response: Response): void {
    response.redirect(303, '/sessions');
  }

  @Get('login')
  @Needs({ scope: 'own' })
  form(@Query('next') next: unknown, @Req() request: Request, @Res() response: Response): void {
    const isOfNoKey = this.sessions.keyOf(request) !== undefined && !callerOf(request);
    if (isOfNoKey) {
      // A key that was revoked stands in the way of the person at the machine, who needs none.
      this.sessions.signOut(request, response);
      return response.redirect(303, localPath(next));
    }
    const view = { next: localPath(next), problem: null };
    sendPage(response, loginPage(this.shells.for(request, response), view));
  }

  @Post('login')
  @Needs({ scope: 'own' })
  async signIn(@Body() body: Fields, @Req() request: Request, @Res() response: Response): Promise<void> {
    const next = localPath(body['next']);
    const presented = typeof body['key'] === 'string' ? body['key'].trim() : '';
    const key = presented === '' ? null : ((await this.deps.scrape?.findKey(presented)) ?? null);
    const caller = key && callerWith(key, async () => true);
    const problem = !caller
      ? 'This is no API key of this server, or it was revoked.'
      : !caller.may('jobs:read')
        ? 'This key may not read sessions: it needs the scope jobs:read.'
        : null;
    if (problem === null) {
      this.sessions.signIn(request, response, presented);
      return response.redirect(303, next);
    }
    sendPage(response, loginPage(this.shells.for(request, response), { next, problem }), 401);
  }

  @Post('logout')
  @Needs({ scope: 'own' })
  signOut(@Req() request: Request, @Res() response: Response): void {
    this.sessions.signOut(request, response);
    response.redirect(303, '/login');
  }

  @Get('assets/:name')
  @Needs({ scope: 'own' })
  asset(@Req() request: Request, @Res() response: Response): void {
    const asset = this.shells.asset(request.path);
    if (!asset) throw new RequestRefused(404, 'path', 'There is no such file.', 'Open the page again.');
    response.setHeader('content-type', asset.type);
    response.setHeader('cache-control', 'public, max-age=31536000, immutable');
    response.send(asset.bytes);
  }
}
