import type { JobEvent } from '#libs/events';
import { decide, type JobCommand } from './decide.js';
import { foldDecisions } from './state.js';
import { History } from '#libs/testing/history';

const start = { start: ['https://a.test/'] };

/** given a history, when a command comes, then … */
function given(build: (history: History) => History) {
  const history = build(new History());
  const state = foldDecisions(history.events as JobEvent[]);
  return {
    when: (command: JobCommand) => () => decide(history.jobId, state, command),
    state,
  };
}

const decision = { commandId: 'x' };
const running = (h: History) => h.started(start);
const paused = (h: History) => running(h).add('JobPaused', { commandId: 'p', run: 1, by: 'user' });
const stopped = (h: History) => running(h).add('JobStopped', { commandId: 's', run: 1 });
const done = (h: History) =>
  running(h).add('JobCompleted', {
    commandId: 'complete-1',
    run: 1,
    because: 'exhausted',
    pages: { discovered: 1, fetched: 1, failed: 0, skipped: 0, open: 0 },
  });
const failed = (h: History) =>
  running(h).add('ProxyFailed', {
    commandId: 'f',
    run: 1,
    url: 'https://a.test/',
    page: null,
    code: 'proxy_auth',
    statusCode: 407,
    message: 'refused',
    vendorText: null,
    hint: 'fix it',
  });

describe('decide', () => {
  test.each([
    ['running', 'pause', running, 'JobPaused'],
    ['running', 'stop', running, 'JobStopped'],
    ['paused', 'stop', paused, 'JobStopped'],
    ['paused', 'resume', paused, 'JobResumed'],
    ['stopped', 'resume', stopped, 'JobResumed'],
    ['error', 'resume', failed, 'JobResumed'],
    ['done', 'restart', done, 'JobRestarted'],
    ['error', 'restart', failed, 'JobRestarted'],
    ['done', 'remove', done, 'JobRemoved'],
  ] as const)('given a job that is %s, %s is appended on its last sequence', (_, type, history, event) => {
    const { when, state } = given(history);
    expect(when({ type, ...decision })()).toMatchObject({
      kind: 'append',
      expectedSeq: state!.lastSeq,
      event: { type: event, id: '0-testjob00:cmd:x' },
    });
  });

  test.each([
    ['running', 'resume', running],
    ['running', 'restart', running],
    ['running', 'remove', running],
    ['paused', 'pause', paused],
    ['stopped', 'stop', stopped],
    ['stopped', 'pause', stopped],
    ['done', 'resume', done],
    ['done', 'stop', done],
  ] as const)('given a job that is %s, %s is refused with the reason', (_, type, history) => {
    expect(given(history).when({ type, ...decision })).toThrow(
      expect.objectContaining({ code: 'impossible_transition', message: expect.stringContaining('because') }),
    );
  });

  test('a command that the history holds is the same decision, whatever the status is now', () => {
    expect(given(paused).when({ type: 'pause', commandId: 'p' })()).toEqual({ kind: 'already', seq: 2 });
  });

  test('resume raises the run, restart raises the generation too', () => {
    expect(given(stopped).when({ type: 'resume', ...decision })()).toMatchObject({
      event: { data: { run: 2 } },
    });
    expect(given(stopped).when({ type: 'restart', ...decision })()).toMatchObject({
      event: { data: { run: 2, generation: 2 } },
    });
  });

  test('a proxy failure or an end of another run is refused', () => {
    const pages = { discovered: 0, fetched: 0, failed: 0, skipped: 0, open: 0 };
    expect(
      given(running).when({ type: 'complete', ...decision, run: 2, because: 'exhausted', pages }),
    ).toThrow(expect.objectContaining({ code: 'conflict' }));
  });

  test('a job that does not exist is not found, and one that exists is not started again', () => {
    expect(() => decide('0-nothing00', null, { type: 'stop', ...decision })).toThrow(
      expect.objectContaining({ code: 'job_not_found' }),
    );
    const command: JobCommand = { type: 'start', ...decision, spec: given(running).state!.spec, start: [] };
    expect(given(running).when(command)).toThrow(expect.objectContaining({ code: 'conflict' }));
  });
});

describe('the fold of decisions', () => {
  test('carries what a resume changed into the spec', () => {
    const { state } = given((h) =>
      stopped(h).add('JobResumed', { commandId: 'r', run: 2, changes: { politeness: { perHost: 7 } } }),
    );
    expect(state).toMatchObject({ status: 'running', run: 2 });
    expect(state!.spec.politeness).toMatchObject({ perHost: 7, concurrency: 16 });
  });

  test('counts the time in which it ran, not the time in which it stood', () => {
    const { state } = given((h) => paused(h).add('JobResumed', { commandId: 'r', run: 2 }));
    expect(state).toMatchObject({ ranMs: 1000, runningSince: 3000 });
  });

  test('keeps the proxy failure until the job goes on', () => {
    expect(given(failed).state).toMatchObject({ status: 'error', lastError: { code: 'proxy_auth', seq: 2 } });
    const { state } = given((h) => failed(h).add('JobResumed', { commandId: 'r', run: 2 }));
    expect(state!.lastError).toBeNull();
  });

  test('a purged job is what its tombstone says', () => {
    expect(given((h) => h.add('JobRemoved', decision)).state).toMatchObject({
      status: 'removed',
      lastSeq: 1,
    });
  });
});
