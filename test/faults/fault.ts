import type { StageOptions } from './harness/stage.js';
import type { Facts } from './harness/facts.js';
import type { Run } from './harness/run.js';
import type { Scenario } from './harness/scenario.js';

/** What happens to an engine that works, and what has to hold beside the oracles. One small file each in `kinds/`. */
export interface Fault extends Scenario {
  /** In one line, for the list. */
  about: string;
  /** Why it cannot be done here; null when it can. */
  missing?: () => string | null;
  /** What is asked of the stage beyond one process of each role. */
  stage?: () => StageOptions;
  /** It leaves the stage in a state that no other run should begin with. */
  spoilsStage?: boolean;
  /** Before the job is started, for what strikes at its start. */
  prepare?(run: Run): void | Promise<void>;
  /**
   * Strikes at moments that it draws from `run.random`, and stops. What is cut, stopped or dead then is mended and started again
   * by the harness.
   */
  inject(run: Run): Promise<void>;
  /** Invariants of its own, after the job has come to its end; each text names what is broken. */
  check?(run: Run, facts: Facts): string[] | Promise<string[]>;
  /** Undoes what is outside the stage: mounts. */
  cleanUp?(): void;
}
