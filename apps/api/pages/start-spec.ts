import { SpoorError } from '#libs/failures';
import type { StartInput } from '#libs/pages';

/** A number that is none is left as text, so that the schema names the field. */
const whole = (text: string): number | string | undefined =>
  text === '' ? undefined : /^\d{1,15}$/.test(text) ? Number(text) : text;

/**
 * What was written into the form as a job spec, still to be checked.
 * @throws SpoorError invalid_request when the spec is no JSON
 */
export function specOf({ mode, url, name, maxPages, maxDepth, spec }: StartInput): unknown {
  if (mode === 'spec') return parsed(spec);
  const address = /^[a-z][a-z0-9+.-]*:/i.test(url) && !/^[\w.-]+:\d/.test(url) ? url : `https://${url}`;
  return {
    start: [address],
    ...(name === '' ? {} : { name }),
    scope: { maxPages: whole(maxPages), maxDepth: whole(maxDepth) },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const place = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
    const line = place === undefined ? '' : `, near line ${text.slice(0, Number(place)).split('\n').length}`;
    throw new SpoorError(
      'invalid_request',
      `This is not valid JSON${line}: check quotes, commas and brackets.`,
      {
        field: '',
      },
    );
  }
}
