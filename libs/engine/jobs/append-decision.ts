import type { NewJobEvent } from '#libs/events';
import { decide } from '#libs/job';
import type { JobCommand, JobState } from '#libs/job';
import type { Clock, EventLog } from '#libs/engine/ports';

/**
 * Decides on `state` and appends what was decided. Returns the sequence, also when the history held the command already.
 * @throws ConflictError when another decision came first; SpoorError when the state does not allow the command
 */
export async function appendDecision(
  deps: {
    eventLog: Pick<EventLog, 'appendJob'>;
    clock: Pick<Clock, 'now'>;
    /** The trace that the command belongs to. */
    trace?: (() => string) | undefined;
  },
  jobId: string,
  state: JobState | null,
  command: JobCommand,
): Promise<number> {
  const decision = decide(jobId, state, command);
  if (decision.kind === 'already') return decision.seq;
  const time = new Date(deps.clock.now()).toISOString();
  const event = { ...decision.event, time, traceparent: deps.trace?.() } as NewJobEvent;
  return (await deps.eventLog.appendJob(event, decision.expectedSeq)).seq;
}
