import type { Command } from 'commander';
import type { Finish } from '../finish.js';

/** `spoor demo …`: what the engine promises, shown on this machine. */
export function addDemo(program: Command, finish: Finish): void {
  const demo = program.command('demo').description('see what the engine promises').exitOverride();
  demo
    .command('proxy')
    .description('a crawl whose proxy fails, and how it goes on; touches nothing but a folder of its own')
    .action(async () => {
      const { proxyDemo } = await import('../demo/proxy-demo.js');
      finish((await proxyDemo()) ? 0 : 1);
    });
}
