import { resumedFrom } from '#libs/job';
import type { z } from 'zod';
import type { ResumePlan } from '#libs/engine/jobs';
import type { resumePlan } from '../schemas/command-answers.js';

/** A resume that was only thought through. */
export function planView(jobId: string, plan: ResumePlan): z.output<typeof resumePlan> {
  const { position, diff, proxy, isWayOpen } = plan;
  const { done, remaining, lastPage, nextPage, atSeq } = resumedFrom(position);
  return {
    jobId,
    dryRun: true,
    wouldResume: isWayOpen,
    seq: atSeq,
    nextUrl: position.nextUrl,
    done,
    remaining,
    lastPage,
    nextPage,
    diff,
    proxy,
  };
}
