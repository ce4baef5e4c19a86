/** The environment that a launcher sends to a child which it started ahead of the servers. */
export function toldEnv(): Promise<NodeJS.ProcessEnv> {
  return new Promise((resolve) => process.once('message', (env) => resolve(env as NodeJS.ProcessEnv)));
}
