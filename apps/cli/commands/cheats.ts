import type { Command } from 'commander';
import type { Finish } from '../finish.js';

const CHEATS = `# A job did not do what it should
spoor job ls --status error                     # which one
spoor job explain <job>                         # why, on one screen, and the command that goes on
spoor page why <job> <url>                      # one page: attempts, redirects, robots.txt, evidence
spoor job resume <job> --dry-run                # would it go on, and where

# Look through a history
spoor job show <job> --reverse --limit 20       # the last events first
spoor job show <job> --type FetchFailed,FetchRetried
spoor job show <job> --follow                   # live, until Ctrl-C
spoor events tail --limit 20 --follow           # of all jobs: the last twenty, and what comes
spoor events tail --from 10m --output jsonl | jq 'select(.type == "ProxyFailed")'

# As it was before
spoor job state <job> --at 1200                 # or --at 2026-01-31T12:00Z, --at 10m
spoor job diff <job> --from 1200 --to 1300
spoor job proof <job>                           # every page once; ends with 5 if not

# Without network or database
spoor job show <job> --output jsonl > job.jsonl
spoor replay job.jsonl                          # the rows that the code of today makes of it
spoor replay job.jsonl --projection proof
spoor replay <job> --against live               # ends with 5 when live rows differ

# Take it elsewhere
spoor job warc <job> --out job.warc.gz          # responses and their bodies, for the tools of web archives

# A job as a file
spoor job export <job> --bodies job.tar.gz      # --out: without the bodies
spoor job import job.tar.gz                     # repeat it when it was interrupted
spoor job test <job>                            # a fixture and a Jest spec in test/jobs/<job>
spoor job rm <job> --yes --keep-archive job.tar.gz

# Read models
spoor projection ls                             # position, lag, parked
spoor projection verify                         # live rows = what the log makes?
spoor projection rebuild                        # beside the live ones, swapped in
spoor projection parked; spoor projection unpark

# The same by REST
curl -s http://127.0.0.1:8080/api/jobs/<job>/explain     # also: state?at=, diff?from=&to=, proof, replay, archive
curl -s http://127.0.0.1:8080/api/jobs/<job>/events?format=ndjson > job.jsonl

# Exit codes
0 done, or it holds    2 bad input    3 the job can be resumed    4 the engine could not start
5 it does not hold: proof, verify, replay --against live, unpark, doctor    130 interrupted    1 a defect

# Completion
source <(spoor completion bash)                 # zsh likewise; fish: spoor completion fish | source
`;

/** `spoor cheats`: what is typed most, to copy. */
export function addCheats(program: Command, finish: Finish): void {
  program
    .command('cheats')
    .description('what is typed most, to copy')
    .action(() => {
      process.stdout.write(CHEATS);
      finish(0);
    });
}
