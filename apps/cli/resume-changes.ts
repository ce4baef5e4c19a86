import type { JobSpec } from '#libs/events';
import { SpoorError } from '#libs/failures';

type Changes = Record<string, unknown>;

const refuse = (text: string, why: string): never => {
  throw new SpoorError('invalid_request', `--set ${text}: ${why}`, {
    field: '--set',
    hint: 'For example --set politeness.perHost=1, --set limits.timeoutMs=10000 or --set proxy.session=sticky.',
  });
};

/** What was typed: JSON where it is JSON, else text. */
function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const isGroup = (value: unknown): value is Changes =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * `path=value` pairs as the changes of a resume, still to be checked. A part of the proxy changes the proxy as it is, because a
 * change of the proxy names all of it.
 * @throws SpoorError invalid_request
 */
export function changesFrom(pairs: readonly string[], spec: JobSpec): Changes | undefined {
  if (pairs.length === 0) return undefined;
  const changes: Changes = {};
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    const path = pair.slice(0, at).split('.');
    if (at < 1 || path.some((part) => !/^[A-Za-z][A-Za-z0-9]*$/.test(part)))
      refuse(pair, 'is not of the form path=value.');
    if (path[0] === 'proxy' && path.length > 1 && !('proxy' in changes))
      changes['proxy'] = structuredClone(spec.proxy ?? {});
    put(changes, path, valueOf(pair.slice(at + 1)));
  }
  return changes;
}

function put(target: Changes, path: string[], value: unknown): void {
  const [key = '', ...rest] = path;
  if (rest.length === 0) target[key] = value;
  else {
    // A text that was there, as proxy.url before proxy.url.env, gives way to what is named now.
    const inner = isGroup(target[key]) ? target[key] : {};
    target[key] = inner;
    put(inner, rest, value);
  }
}
