import { SpoorError } from '#libs/failures';

/** A request that is refused for its form, before anything is looked at; the status says what about it. */
export class RequestRefused extends SpoorError {
  constructor(
    readonly status: number,
    field: string,
    message: string,
    hint: string,
  ) {
    super('invalid_request', message, { field, hint });
  }
}
