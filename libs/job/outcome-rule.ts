export interface OutcomeQuestion {
  factGeneration: number;
  factRun: number;
  /** Generation of the job at the fact's place in the log. */
  jobGeneration: number;
  /** Run in which the page was last opened again; 0 if never. */
  requeuedInRun: number;
  /** The page has a terminal outcome already. */
  hasOutcome: boolean;
}

/**
 * Whether a page fact counts: whatever the job's status and run are when it arrives, if its generation is the job's and its run is
 * not older than the page's last requeue; of terminal facts the first one wins. The coordinator and every projection share this.
 */
export function countsAsOutcome(question: OutcomeQuestion): boolean {
  return (
    !question.hasOutcome &&
    question.factGeneration === question.jobGeneration &&
    question.factRun >= question.requeuedInRun
  );
}
