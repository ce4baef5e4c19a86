import { RE2JS } from 're2js';
import { hostOf, type JobSpec } from '#libs/events';

/** Why a URL is not fetched by this job. `too-deep` comes last: then depth alone held it back, and a shorter path may admit it. */
export type ScopeVerdict = 'off-host' | 'not-included' | `exclude:${string}` | 'too-deep' | null;

/** The scope of one job, its patterns compiled. */
export class Scope {
  private readonly hosts: ReadonlySet<string>;
  private readonly include: RE2JS[];
  private readonly exclude: { pattern: string; expression: RE2JS }[];
  private readonly maxDepth: number;
  /** True when host and depth alone decide. */
  readonly hostsOnly: boolean;

  constructor(scope: JobSpec['scope']) {
    this.hosts = new Set(scope.hosts.map((host) => host.toLowerCase()));
    this.include = scope.include.map((pattern) => RE2JS.compile(pattern));
    this.exclude = scope.exclude.map((pattern) => ({ pattern, expression: RE2JS.compile(pattern) }));
    this.maxDepth = scope.maxDepth ?? Number.POSITIVE_INFINITY;
    this.hostsOnly = this.include.length === 0 && this.exclude.length === 0;
  }

  /** @param host `host` or `host:port` as in a URL. */
  hasHost(host: string): boolean {
    return this.hosts.has(host);
  }

  isTooDeep(depth: number): boolean {
    return depth > this.maxDepth;
  }

  /** The verdict of the patterns on a canonical URL whose host is in scope. */
  ofPatterns(url: string): ScopeVerdict {
    if (this.hostsOnly) return null;
    if (this.include.length > 0 && !this.include.some((e) => e.test(url))) return 'not-included';
    const held = this.exclude.find(({ expression }) => expression.test(url));
    return held ? `exclude:${held.pattern}` : null;
  }

  /** The verdict on a canonical URL at a depth; null: in scope. */
  verdict(url: string, depth: number): ScopeVerdict {
    if (!this.hasHost(hostOf(url))) return 'off-host';
    return this.ofPatterns(url) ?? (this.isTooDeep(depth) ? 'too-deep' : null);
  }
}

const compiled = new WeakMap<JobSpec, Scope>();

/** The scope of a spec, compiled once for as long as that spec object lives. */
export function scopeOf(spec: JobSpec): Scope {
  let scope = compiled.get(spec);
  if (!scope) compiled.set(spec, (scope = new Scope(spec.scope)));
  return scope;
}
