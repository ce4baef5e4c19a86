import { SpoorError } from '#libs/failures';

const HINT = 'Put it into the environment, .env.local, .env or the secrets file; no restart is needed.';

/** Something that a proxy needs is not set. Names it; a value is never repeated. */
export function missing(name: string): never {
  throw new SpoorError('proxy_not_configured', `The proxy is not configured: ${name} is not set`, {
    field: name,
    hint: HINT,
  });
}

export const wrong = (name: string, expects: string): SpoorError =>
  new SpoorError('proxy_not_configured', `The proxy is not configured: ${name} must be ${expects}`, {
    field: name,
    hint: HINT,
  });
