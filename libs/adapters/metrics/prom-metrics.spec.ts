import type { FetchOutcome } from '#libs/engine/ports';
import { PromMetrics } from './index.js';

const timing = { startedAt: 0, durationMs: 6000, ttfbMs: 40 };
const answered = (statusCode: number): FetchOutcome => ({
  ...{
    ok: true,
    statusCode,
    finalUrl: 'https://secret.test/',
    redirects: [],
    headers: {},
    contentType: null,
  },
  ...{ raw: null, encoding: 'identity', body: null, truncated: false, receivedBytes: 500, timing },
  retryAfterMs: null,
});

describe('metrics for Prometheus', () => {
  it('are named by the convention: prefix, unit, total', () => {
    for (const name of new PromMetrics().names) expect(name).toMatch(/^spoor_[a-z_]+[a-z]$/);
    const text = new PromMetrics().names.join('\n');
    expect(text).toContain('spoor_fetches_total');
    expect(text).not.toMatch(/_(ms|millis|count)$/m);
  });

  it('counts fetches by outcome and code, with durations in seconds and no URL', async () => {
    const metrics = new PromMetrics();
    metrics.fetchEnded(answered(204));
    metrics.fetchEnded(answered(503));
    const { durationMs, startedAt } = timing;
    metrics.fetchEnded({
      ...{ ok: false, code: 'timeout', message: 'https://secret.test/ was slow', statusCode: 0 },
      ...{ finalUrl: 'https://secret.test/', redirects: [], timing: { startedAt, durationMs } },
    });
    const text = await metrics.text();
    expect(text).toContain('spoor_fetches_total{outcome="answered",code="2xx"} 1');
    expect(text).toContain('spoor_fetches_total{outcome="answered",code="5xx"} 1');
    expect(text).toContain('spoor_fetches_total{outcome="failed",code="timeout"} 1');
    expect(text).toContain('spoor_fetch_duration_seconds_bucket{le="5",outcome="failed"} 0');
    expect(text).toContain('spoor_fetch_duration_seconds_bucket{le="10",outcome="failed"} 1');
    expect(text).toContain('spoor_received_bytes_total 1000');
    expect(text).not.toContain('secret.test');
  });

  it('has a value for each way a proxy fails before it does: a rise from nothing is seen by nobody', async () => {
    const text = await new PromMetrics().text();
    expect(text).toContain('spoor_proxy_failures_total{code="proxy_auth"} 0');
    expect(text).not.toContain('code="dns_error"');
  });

  it('has a value for each thing that can be wrong, and asks at the moment of the scrape', async () => {
    const metrics = new PromMetrics();
    const shard = { shard: 0, lastSeq: 9, projected: 4, lag: 5, lagMs: 2500, parked: [], allowances: [] };
    let findings: object[] = [];
    metrics.watchHealth(
      () =>
        ({ status: 'ok', nats: 'ok', postgres: 'ok', shards: [shard], findings }) as ReturnType<
          Parameters<PromMetrics['watchHealth']>[0]
        >,
    );
    expect(await metrics.text()).toContain(
      'spoor_health_finding{code="projector_stalled",severity="failing"} 0',
    );
    findings = [{ code: 'projector_stalled' }];
    const text = await metrics.text();
    expect(text).toContain('spoor_health_finding{code="projector_stalled",severity="failing"} 1');
    expect(text).toContain('spoor_projection_lag_events{shard="0"} 5');
    expect(text).toContain('spoor_projection_lag_seconds{shard="0"} 2.5');
  });
});
