import type { Facts } from '../harness/facts.js';
import { CANARIES } from '../harness/servers.js';

const UNCAUGHT =
  /uncaughtException|unhandledRejection|UnhandledPromiseRejection|Unhandled 'error' event|Uncaught|MaxListenersExceededWarning|FATAL ERROR/i;
const STACK = /\n\s+at |node_modules/;

/** Nobody died of an error that nobody caught, and no secret or inner word came out anywhere. */
export function quiet({ run, entries, live }: Facts): string[] {
  const broken: string[] = [];
  for (const { name, output, deaths } of run.stage.parts) {
    for (const death of deaths) broken.push(`${name} ended by itself (${death}): ${output.slice(-600)}`);
    const at = output.search(UNCAUGHT);
    if (at !== -1) broken.push(`${name} printed: ${output.slice(Math.max(0, at - 100), at + 1500)}`);
  }
  for (const { method, path, status, body } of run.api.said) {
    const text = JSON.stringify(body);
    if (status < 400) continue;
    if (STACK.test(text) || !/"code":"[a-z_]+"/.test(text))
      broken.push(`${method} ${path} was answered ${status} ${text.slice(0, 300)}`);
  }
  const places: [string, string][] = [
    ...run.stage.parts.map(({ name, output }): [string, string] => [`what ${name} printed`, output]),
    ['an event', JSON.stringify(entries)],
    ['a row', live.join('')],
    ['an answer of the api', JSON.stringify(run.api.said)],
  ];
  for (const [where, text] of places)
    for (const [whose, canary] of Object.entries(CANARIES))
      if (text.includes(canary)) broken.push(`the password of ${whose} stands in ${where}`);
  return broken;
}
