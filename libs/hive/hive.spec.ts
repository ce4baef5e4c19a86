import { readFileSync } from 'node:fs';
import {
  brief,
  hiveCodes,
  mayRetry,
  pickWorker,
  problems,
  readRequest,
  recycleReason,
  scopeConfig,
  sessionIdOf,
  sessionRules,
  splitSessionId,
  errorPage,
  failureOfNetError,
  type Heartbeat,
  type KnownWorker,
} from './index.js';

const MINUTE = 60_000;

describe('the codes', () => {
  it.each(['worker', 'coordinator'])('%s.proto has them under the same names and numbers', (file) => {
    const proto = readFileSync(`proto/${file}.proto`, 'utf8');
    const found = [...proto.matchAll(/^ {2}(ERROR_CODE_\w+) = (\d+);/gm)].map(([, name, value]) => [
      name,
      Number(value),
    ]);
    const known = Object.values(hiveCodes).map(({ name, value }) => [name, value]);
    expect(known).toEqual(expect.arrayContaining(found));
    if (file === 'coordinator') expect(found).toHaveLength(known.length);
  });
});

describe('what clients read', () => {
  const context = {
    ...{ id: 'ctx-123', requests: 42, cacheBytes: 128 * 2 ** 20 },
    createdAt: Date.parse('2024-01-15T10:00:00.400Z'),
    lastUsedAt: Date.parse('2024-01-15T10:05:30Z'),
  };
  it.each([
    [problems.invalidUrl('relative URL without a base'), 'Invalid URL: relative URL without a base'],
    [problems.contextNotFound('ctx-expired-123'), 'Context not found or expired: ctx-expired-123'],
    [
      problems.busy(context, 2.4),
      'Context ctx-123 is already busy (created: 2024-01-15T10:00:00Z, last_used: 2024-01-15T10:05:30Z, total_requests: 42, cache_size_mb: 128) (after 2ms)',
    ],
    [
      problems.tabFailed('ctx-123', 'example.com', 'connection is closed', 234),
      'Failed to create tab for context ctx-123 (domain: example.com): connection is closed (after 234ms)',
    ],
    [problems.contextFailed('no room', 3), 'Failed to create new browser context: no room (after 3ms)'],
    [problems.network('net::ERR_NAME_NOT_RESOLVED'), 'Failed to navigate to URL: net::ERR_NAME_NOT_RESOLVED'],
    [
      problems.selectorNotFound('#login-button'),
      "Wait selector '#login-button' was not found within timeout",
    ],
    [problems.skipSelectorFound('.captcha-challenge'), "Skip selector '.captcha-challenge' was found"],
    [problems.timeout('network_idle', 'not in 5ms'), "Wait strategy 'network_idle' failed: not in 5ms"],
    [problems.workerTerminating(), 'Worker is shutting down, please retry with another instance'],
    [problems.coordinatorTerminating(), 'Coordinator is shutting down, please retry'],
    [problems.scopeNotFound('invalid_scope'), 'Scope not found: invalid_scope'],
    [problems.noSlots('my_scope'), 'No available slots in scope: my_scope. All workers are busy.'],
  ])('%#', ({ message }, expected) => {
    expect(message).toBe(expected);
  });
});

it('what clients send is said back in part only, and no character is cut', () => {
  expect(problems.scopeNotFound('x'.repeat(1e6)).message).toHaveLength('Scope not found: '.length + 200);
  expect(brief('\u{1F400}'.repeat(300))).toBe('\u{1F400}'.repeat(200));
});

describe('a request', () => {
  const defaults = { timeoutSeconds: 60, waitStrategy: 'network_idle' as const, waitTimeoutMs: 40_000 };
  const empty = {
    ...{ url: 'http://a.test', timeoutSeconds: 0, waitStrategy: '', waitTimeoutMs: 0 },
    ...{ waitSelector: '', skipSelector: '' },
  };
  const read = (fields: object) => readRequest({ ...empty, ...fields }, defaults);

  it('takes what it does not say from its scope', () => {
    expect(read({})).toEqual({
      ...{ url: 'http://a.test/', timeoutMs: 60_000, wait: 'network_idle', waitMs: 40_000 },
      ...{ waitSelector: null, skipSelector: null },
    });
  });

  it('waits for its selector, and never longer than all do', () => {
    expect(read({ waitSelector: '#a', waitTimeoutMs: 90_000, timeoutSeconds: 9999 })).toMatchObject({
      ...{ wait: 'selector', waitMs: 40_000, timeoutMs: 600_000 },
    });
    expect(read({ waitSelector: '#a', waitStrategy: 'load' })).toMatchObject({
      wait: 'load',
      waitSelector: '#a',
    });
  });

  it.each([
    [{ url: 'ftp://a.test' }, 'Invalid URL: the scheme ftp: is not http or https'],
    [{ url: `http://a.test/${'x'.repeat(9000)}` }, 'Invalid URL: longer than 8192 characters'],
    [{ url: 'http://[bad' }, 'Invalid URL: not a URL'],
    [{ waitStrategy: 'selector' }, 'Invalid wait_selector: the strategy selector needs one'],
    [{ skipSelector: 'x'.repeat(3000) }, 'Invalid skip_selector: longer than 2048 characters'],
  ])('%#: is refused by the field that is wrong', (fields, message) => {
    expect(read(fields)).toMatchObject({ message });
  });
});

describe('contexts are recycled', () => {
  const rules = sessionRules(scopeConfig.parse({}));
  const context = { createdAt: 0, lastUsedAt: 0, requests: 1, cacheBytes: 0, addressed: false };
  it.each([
    [{}, 5 * MINUTE, null],
    [{}, 5 * MINUTE + 1, 'idle'],
    [{ addressed: true }, 30 * MINUTE, null],
    [{ addressed: true }, 30 * MINUTE + 1, 'expired'],
    [{ lastUsedAt: 361 * MINUTE }, 361 * MINUTE, 'age'],
    [{ requests: 10_000 }, 0, 'requests'],
    [{ cacheBytes: 500 * 2 ** 20 }, 0, 'size'],
  ])('%j at %i: %s', (more, now, reason) => {
    expect(recycleReason({ ...context, ...more }, rules, now)).toBe(reason);
  });
});

describe('sessions', () => {
  it('are named by worker and context', () => {
    expect(splitSessionId(sessionIdOf('pod-1.a', 'ctx-9'))).toEqual({
      workerId: 'pod-1.a',
      contextId: 'ctx-9',
    });
    expect(sessionIdOf('pod-1', '')).toBe('');
    // The longest that a host and a scope make.
    const workerId = `${'h'.repeat(63)}-12345678-${'s'.repeat(100)}`;
    expect(splitSessionId(`${workerId}:ctx-9`)).toEqual({ workerId, contextId: 'ctx-9' });
  });
  it.each(['ctx-9', ':ctx', 'a:', 'a b:ctx'])('%p is none', (text) => {
    expect(splitSessionId(text)).toBeNull();
  });
});

describe('a worker is picked', () => {
  const beat: Heartbeat = {
    ...{ workerId: 'a', scope: 's', address: 'h:1', slots: 4, active: 1, draining: false, healthy: true },
    ...{ totalRequests: 0, successRate: 1 },
  };
  const worker = (of: Partial<Heartbeat>, more: Partial<KnownWorker> = {}): KnownWorker => ({
    ...{ beat: { ...beat, ...of }, heardAt: 0, ours: 0, oursThen: 0, unreachable: false },
    ...more,
  });
  const pick = (workers: KnownWorker[], excluded: string[] = [], now = 0): string | undefined =>
    pickWorker(workers, 's', new Set(excluded), now)?.beat.workerId;

  it('by its free slots, of which ours count at once', () => {
    expect(pick([worker({ workerId: 'a', active: 3 }), worker({ workerId: 'b', active: 1 })])).toBe('b');
    expect(pick([worker({ workerId: 'a' }, { ours: 4 }), worker({ workerId: 'b', active: 3 })])).toBe('b');
  });

  it('whose last word said it was busy with what of ours is done', () => {
    expect(pick([worker({ slots: 1, active: 1 }, { ours: 0, oursThen: 1 })])).toBe('a');
    expect(pick([worker({ slots: 2, active: 2 }, { ours: 1, oursThen: 1 })])).toBeUndefined();
  });

  it.each([
    ['is full', worker({ active: 4 })],
    ['drains', worker({ draining: true })],
    ['has no browser', worker({ healthy: false })],
    ['is of another scope', worker({ scope: 'other' })],
    ['was not reached', worker({}, { unreachable: true })],
    ['is silent', worker({}, { heardAt: -3001 })],
  ])('not one that %s', (_, one) => {
    expect(pick([one])).toBeUndefined();
  });

  it('not one that refused already', () => {
    expect(pick([worker({ workerId: 'a' }), worker({ workerId: 'b', active: 3 })], ['a'])).toBe('b');
  });

  it.each([
    ['terminating', 1, 10_000, true],
    ['terminating', 3, 60_000, false],
    ['terminating', 1, 9_999, false],
    ['browser_error', 1, 60_000, false],
    ['worker_unreachable', 1, 60_000, false],
  ])('again after %s, attempt %i, with %i ms left: %s', (code, attempts, leftMs, again) => {
    expect(mayRetry(code, attempts, leftMs)).toBe(again);
  });
});

describe('errors of the network', () => {
  it('have a page of their own, with nothing else in it', () => {
    expect(errorPage('net::ERR_NAME_NOT_RESOLVED')).toBe('<html><body>ERR_NAME_NOT_RESOLVED</body></html>');
    expect(errorPage('<script>')).toBe('<html><body></body></html>');
  });
  it.each([
    ['net::ERR_NAME_NOT_RESOLVED', 'dns_error'],
    ['net::ERR_CERT_DATE_INVALID', 'tls_error'],
    ['net::ERR_TOO_MANY_REDIRECTS', 'too_many_redirects'],
    ['net::ERR_SOMETHING_NEW', 'connection_reset'],
  ])('%s is %s', (netError, code) => {
    expect(failureOfNetError(netError)).toBe(code);
  });
});
