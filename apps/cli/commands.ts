import type { Command } from 'commander';
import type { Finish } from './finish.js';

export type AddCommand = (program: Command, finish: Finish) => void;

/** In the order of the help. Loaded one by one: together they need nearly everything there is, each of them little. */
const COMMANDS: Readonly<Record<string, () => Promise<AddCommand>>> = {
  crawl: async () => (await import('./commands/crawl.js')).addCrawl,
  up: async () => (await import('./commands/up.js')).addUp,
  job: async () => (await import('./commands/job/job.js')).addJob,
  key: async () => (await import('./commands/key.js')).addKey,
  usage: async () => (await import('./commands/usage.js')).addUsage,
  log: async () => (await import('./commands/log.js')).addLog,
  node: async () => (await import('./commands/node.js')).addNode,
  page: async () => (await import('./commands/page.js')).addPage,
  events: async () => (await import('./commands/events.js')).addEvents,
  projection: async () => (await import('./commands/projection/projection.js')).addProjection,
  replay: async () => (await import('./commands/replay.js')).addReplay,
  run: async () => (await import('./commands/run.js')).addRun,
  doctor: async () => (await import('./commands/doctor.js')).addDoctor,
  cheats: async () => (await import('./commands/cheats.js')).addCheats,
  completion: async () => (await import('./commands/completion.js')).addCompletion,
  demo: async () => (await import('./commands/demo.js')).addDemo,
};

/** They speak of all the others. */
const OF_ALL = new Set(['help', 'completion']);

/** The command that is called; all where it is not one of them, for the help and what may have been meant. */
export async function commandsFor([name = '']: readonly string[]): Promise<AddCommand[]> {
  const called = OF_ALL.has(name) || !Object.hasOwn(COMMANDS, name) ? null : COMMANDS[name];
  return Promise.all((called ? [called] : Object.values(COMMANDS)).map((load) => load()));
}
