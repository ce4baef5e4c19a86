import type { Request, Response } from 'express';
import { failures, type SpoorError } from '#libs/failures';
import { errorPage } from '#libs/pages';
import type { ApiLog } from '../deps.js';
import { ErrorFilter } from '../http/error-filter.js';
import { sendPage, type PageShells } from './page-shells.js';

const TITLES: Record<number, string> = {
  ...{ 400: 'That cannot be', 403: 'Not allowed', 404: 'Nothing here', 409: 'Not now' },
  ...{ 502: 'The proxy does not let us', 503: 'Not available now' },
};

/** Errors of pages, as pages: who is not known is asked who they are. */
export class PageErrorFilter extends ErrorFilter {
  constructor(
    log: ApiLog,
    private readonly shells: PageShells,
  ) {
    super(log);
  }

  protected override answer(
    request: Request,
    response: Response,
    error: SpoorError | null,
    status: number,
    requestId: string,
  ): void {
    if (error?.code === 'unauthorized')
      return response.redirect(
        303,
        `/login?${new URLSearchParams({ next: request.method === 'GET' ? request.originalUrl : '/sessions' })}`,
      );
    const title = TITLES[status] ?? (status >= 500 ? 'Something went wrong here' : 'That cannot be');
    const { message, hint } = error ?? {
      message: 'It was written down for whoever runs this server.',
      hint: failures.internal.hint,
    };
    // A page has no field to look at but its address.
    const told = hint === failures.invalid_request.hint ? 'Check the address, or go back.' : hint;
    const view = { title, message, hint: told, requestId: status >= 500 ? requestId : null };
    sendPage(response, errorPage(this.shells.for(request, response), view), status);
  }
}
