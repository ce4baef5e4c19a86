import { RE2JS } from 're2js';
import type { JobSpec, Stage } from '#libs/events';

interface CompiledFollow {
  stage: string;
  selector: string | null;
  pattern: RE2JS | null;
}

/** One stage of a spec, ready for use. */
export class StageRules {
  readonly follow: readonly CompiledFollow[];
  /** Which links are followed depends on where they stand in the tree. */
  readonly selectsLinks: boolean;
  /** False: one look at the text tells everything. */
  readonly needsTree: boolean;

  constructor(readonly stage: Stage) {
    this.follow = stage.follow.map((rule) => ({
      stage: rule.stage,
      selector: rule.selector ?? null,
      pattern: rule.pattern === undefined ? null : RE2JS.compile(rule.pattern),
    }));
    this.selectsLinks = stage.follow.some((rule) => rule.selector !== undefined);
    this.needsTree = this.selectsLinks || Object.keys(stage.fields).length > 0;
  }

  /** Stage that a link leads into, by the first rule that matches it; null: not followed. */
  target(url: string, selectedBy: ReadonlySet<number> | null): string | null {
    const rule = this.follow.find(
      (r, i) => (r.selector === null || selectedBy?.has(i)) && (r.pattern === null || r.pattern.test(url)),
    );
    return rule?.stage ?? null;
  }
}

const compiled = new WeakMap<JobSpec, Map<string, StageRules>>();

/** The rules of a stage, compiled once per spec object. A stage that the spec does not know follows nothing. */
export function stageRules(spec: JobSpec, name: string): StageRules {
  const stages = compiled.get(spec) ?? new Map<string, StageRules>();
  compiled.set(spec, stages);
  let rules = stages.get(name);
  if (!rules) {
    const stage = spec.stages.find((s) => s.name === name) ?? { name, follow: [], fields: {} };
    stages.set(name, (rules = new StageRules(stage)));
  }
  return rules;
}
