import type { ExtractionRules, JobSpec } from '#libs/events';
import { SpoorError } from '#libs/failures';
import { resolveStages } from './resolve-spec.js';

/** Which rules the job's items come from. */
export interface Extraction {
  /** 1: as they were fetched. */
  version: number;
  /** Sequence at which that version was whole; 0 for the first. */
  seq: number;
  /** A version that was begun and is not whole. */
  pending: { version: number; rules: ExtractionRules } | null;
}

export const FIRST_EXTRACTION: Extraction = { version: 1, seq: 0, pending: null };

/** The spec with other extraction rules in the stages that are named; what is followed stays. */
export function withRules(spec: JobSpec, rules: ExtractionRules): JobSpec {
  const stages = spec.stages.map((stage) => {
    const rule = rules.find(({ name }) => name === stage.name);
    return rule
      ? {
          name: stage.name,
          follow: stage.follow,
          ...(rule.items === undefined ? {} : { items: rule.items }),
          fields: rule.fields,
        }
      : stage;
  });
  return { ...spec, stages };
}

/**
 * Stages as a person wrote them, or a job spec with stages, as the rules of the stages that the job has. What they follow is left out:
 * nothing is fetched by it.
 * @throws SpoorError invalid_request with the field
 */
export function resolveRules(input: unknown, spec: JobSpec): ExtractionRules {
  const found = Array.isArray(input) ? input : (input as { stages?: unknown } | null)?.stages;
  const stages = resolveStages(found ?? []);
  stages.forEach(({ name }, i) => {
    if (!spec.stages.some((stage) => stage.name === name))
      throw new SpoorError('invalid_request', `stages[${i}].name: the job has no stage called ${name}`, {
        field: `stages[${i}].name`,
        hint: `It has ${spec.stages.map((stage) => stage.name).join(', ')}.`,
      });
  });
  if (stages.length === 0)
    throw new SpoorError('invalid_request', 'stages: name at least one stage', { field: 'stages' });
  return stages.map(({ name, items, fields }) => ({
    name,
    ...(items === undefined ? {} : { items }),
    fields,
  }));
}
