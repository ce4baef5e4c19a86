import { Body, Controller, Get, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { confirmPage, html, overviewPage, plural } from '#libs/pages';
import { SpoorError } from '#libs/failures';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { Needs } from '../http/access.js';
import { checkJobId } from '../http/parse.js';
import { RequestRefused } from '../http/request-refused.js';
import type { Fields } from './fields.js';
import { PageShells, sendPage } from './page-shells.js';
import { retryFilter } from './retry-filter.js';
import { SessionFacts } from './session-facts.js';

const READS = { scope: 'jobs:read', job: 'path' } as const;
const WRITES = { scope: 'jobs:write', job: 'path' } as const;
type Command = 'resume' | 'pause' | 'stop' | 'restart' | 'retry';

const WHAT_FAILED: Record<Command, string> = {
  ...{ resume: 'Not resumed', pause: 'Not paused', stop: 'Not stopped', restart: 'Not restarted' },
  retry: 'Not fetched again',
};

function reasonOf({ reason }: Fields): { reason?: string } {
  const text = typeof reason === 'string' ? reason.trim().slice(0, 1000) : '';
  return text === '' ? {} : { reason: text };
}

/** Commands as forms: they need no script, and what is refused is said on the page of the session. */
@ApiExcludeController()
@Controller('sessions/:id')
export class SessionActionsController {
  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(PageShells) private readonly shells: PageShells,
    @Inject(SessionFacts) private readonly facts: SessionFacts,
  ) {}

  @Post('resume')
  @Needs(WRITES)
  resume(@Param('id') id: string, @Body() body: Fields, @Req() request: Request, @Res() response: Response) {
    return this.run('resume', id, request, response, () => this.deps.jobs.resume(id, reasonOf(body)));
  }

  @Post('pause')
  @Needs(WRITES)
  pause(@Param('id') id: string, @Body() body: Fields, @Req() request: Request, @Res() response: Response) {
    return this.run('pause', id, request, response, () => this.deps.jobs.pause(id, reasonOf(body)));
  }

  @Post('stop')
  @Needs(WRITES)
  stop(@Param('id') id: string, @Body() body: Fields, @Req() request: Request, @Res() response: Response) {
    return this.run('stop', id, request, response, () => this.deps.jobs.stop(id, reasonOf(body)));
  }

  @Post('restart')
  @Needs(WRITES)
  restart(@Param('id') id: string, @Body() body: Fields, @Req() request: Request, @Res() response: Response) {
    return this.run('restart', id, request, response, () => this.deps.jobs.restart(id, reasonOf(body)));
  }

  @Post('retry')
  @Needs(WRITES)
  retry(@Param('id') id: string, @Body() body: Fields, @Req() request: Request, @Res() response: Response) {
    const { url } = body;
    const selection = typeof url === 'string' ? { urls: [url] } : { filter: retryFilter(body) };
    const options = { ...selection, ...reasonOf(body) };
    return this.run('retry', id, request, response, () => this.deps.jobs.requeue(id, options));
  }

  @Get('restart')
  @Needs(READS)
  async askRestart(
    @Param('id') id: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const { head } = await this.facts.known(id);
    const done = head.pages ? head.pages.discovered - head.pages.open : null;
    const text = html`<p>
        Every page of this session is fetched again, from the start
        URLs${done !== null && html`: ${plural(done, 'page')} that are done included`}. Nothing is deleted:
        the history keeps generation ${head.generation}, and generation ${head.generation + 1} is what is
        shown from then on.
      </p>
      <p>To go on where it stopped, use Resume instead.</p>`;
    const asked = {
      title: 'Restart from the beginning?',
      text,
      button: `Restart as generation ${head.generation + 1}`,
    };
    const view = { jobId: id, jobName: head.name, action: `/sessions/${id}/restart`, ...asked };
    sendPage(response, confirmPage(this.shells.for(request, response), view));
  }

  /** How many pages a filter means, before anything is done. */
  @Get('retry')
  @Needs(READS)
  async askRetry(
    @Param('id') id: string,
    @Query() query: Fields,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const filter = retryFilter(query);
    const { head } = await this.facts.known(id);
    return this.orSay('retry', id, request, response, async () => {
      const { pages, urls } = await this.deps.jobs.planRequeue(checkJobId(id), { filter });
      const text = html`<p>
          ${plural(pages, 'page')} ${pages === 1 ? 'is' : 'are'} fetched again with all attempts, and the
          session runs. Each new outcome takes the place of the old one.
        </p>
        <ul class="plain small break">
          ${urls.slice(0, 5).map((url) => html`<li>${url}</li>`)}${pages > 5 && html`<li>and ${plural(pages - 5, 'more', 'more')}</li>`}
        </ul>`;
      const asked = {
        title: `Retry ${plural(pages, 'page')}?`,
        text,
        button: `Fetch ${plural(pages, 'page')} again`,
      };
      const fields = Object.fromEntries(Object.entries(filter).map(([name, value]) => [name, String(value)]));
      const view = { jobId: id, jobName: head.name, action: `/sessions/${id}/retry`, fields, ...asked };
      sendPage(response, confirmPage(this.shells.for(request, response), view));
    });
  }

  private run(
    command: Command,
    id: string,
    request: Request,
    response: Response,
    act: () => Promise<unknown>,
  ) {
    return this.orSay(command, id, request, response, async () => {
      checkJobId(id);
      await act();
      response.redirect(303, `/sessions/${id}?did=${command}`);
    });
  }

  /** What stands in the way is said above the session as it is; only what is not about it becomes a page of its own. */
  private async orSay(
    command: Command,
    id: string,
    request: Request,
    response: Response,
    act: () => Promise<void>,
  ): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (!(error instanceof SpoorError) || error instanceof RequestRefused || error.code === 'job_not_found')
        throw error;
      const view = await this.facts.overview(await this.facts.known(id));
      const notice = {
        kind: 'bad' as const,
        // It stands above the very session, under words of its own.
        title: `${WHAT_FAILED[command]}: ${error.message.replace(/^Job \S+ was not \w+: /, '')}`,
        text: error.hint,
      };
      const text = overviewPage(this.shells.for(request, response), { ...view, notice });
      sendPage(response, text, error.failure.http);
    }
  }
}
