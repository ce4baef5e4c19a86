import { existsSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FetchOutcome } from '#libs/engine/ports';
import { createEgress } from './index.js';
import { rawServer, request } from './test-support.js';

interface Step {
  send?: string;
  drip?: string;
  every_ms?: number;
  repeat?: string;
  times?: number;
  sleep_ms?: number;
  close?: 'fin' | 'rst' | 'hold';
  refuse?: boolean;
}
interface Case {
  id: string;
  kind: string;
  name: string;
  steps: Step[];
  client?: { timeout_ms?: number; max_bytes?: number };
  expect: { outcome: 'ok' | 'error' | 'either' | 'http_error'; page_status?: number; body?: string };
}

const FILE = '../shared/conformance/http_faults.json';
const cases: Case[] = existsSync(FILE)
  ? (JSON.parse(readFileSync(FILE, 'utf8')) as { cases: Case[] }).cases
  : [];
if (cases.length === 0) console.info(`skipped: no conformance cases at ${FILE}`);

async function play(socket: Socket, steps: Step[]): Promise<void> {
  for (const step of steps) {
    if (socket.destroyed) return;
    if (step.send !== undefined) socket.write(Buffer.from(step.send, 'base64'));
    if (step.sleep_ms !== undefined) await sleep(step.sleep_ms);
    for (const byte of Buffer.from(step.drip ?? '', 'base64')) {
      socket.write(Buffer.from([byte]));
      await sleep(step.every_ms ?? 10);
    }
    const repeated = Buffer.from(step.repeat ?? '', 'base64');
    for (let i = 0; i < (step.times ?? 0) && !socket.destroyed; i++)
      if (!socket.write(repeated)) await Promise.race([once(socket, 'drain'), once(socket, 'close')]);
    if (step.close === 'fin') socket.end();
    if (step.close === 'rst') socket.resetAndDestroy();
  }
}

/** What is wrong with an outcome, or null. What a body says in a format is no matter of transport. */
function judge({ kind, expect: wanted }: Case, outcome: FetchOutcome): string | null {
  const found = outcome.ok ? `HTTP ${outcome.statusCode}` : outcome.code;
  if (wanted.outcome === 'either') return null;
  if (wanted.outcome === 'error' && kind !== 'content')
    // Too long a body is kept up to the cap, and marked.
    return (!outcome.ok && outcome.statusCode === wanted.page_status) || (outcome.ok && outcome.truncated)
      ? null
      : found;
  if (!outcome.ok || outcome.statusCode !== wanted.page_status) return found;
  return wanted.body === undefined || outcome.body?.toString() === wanted.body
    ? null
    : `body ${String(outcome.body)}`;
}

(cases.length > 0 ? it : it.skip)(
  'every broken server of the conformance cases ends as it may, within its deadline',
  async () => {
    const egress = createEgress({ allowPrivate: ['127.0.0.1'] });
    const wrong: string[] = [];
    for (const testCase of cases) {
      const server = await rawServer((socket) => void play(socket, testCase.steps).catch(() => undefined));
      if (testCase.steps.some((step) => step.refuse)) await server.close();
      const limits = {
        timeoutMs: testCase.client?.timeout_ms ?? 4000,
        maxBodyBytes: testCase.client?.max_bytes ?? 10_000_000,
      };
      const outcome = await egress.fetch(request(`${server.origin}/`, limits));
      const fault = judge(testCase, outcome);
      if (fault !== null) wrong.push(`${testCase.id} ${testCase.name}: ${fault}`);
      if (!outcome.ok && outcome.code === 'timeout')
        wrong.push(`${testCase.id} ${testCase.name}: only the deadline ended it`);
      await server.close().catch(() => undefined);
    }
    egress.close();
    expect(wrong).toEqual([]);
  },
  60_000,
);
