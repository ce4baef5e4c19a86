import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { findingCodes, findingKinds } from '#libs/engine/health';
import { PromMetrics } from './index.js';

const RULES = 'deploy/prometheus/alerts.yml';
const DASHBOARDS = readdirSync('deploy/grafana').map((name) => `deploy/grafana/${name}`);

/** Names of series that a text asks for, without what a histogram puts behind its name. */
const namesIn = (text: string): Set<string> =>
  new Set([...text.matchAll(/\bspoor_[a-z_]+/g)].map(([name]) => name.replace(/_(bucket|count|sum)$/, '')));

describe('what is deployed for Prometheus and Grafana', () => {
  const known = new Set(new PromMetrics().names);

  it.each([RULES, ...DASHBOARDS])('given %s, then every metric that it names exists', (file) => {
    const names = [...namesIn(readFileSync(file, 'utf8'))];
    expect(names.length).toBeGreaterThan(5);
    expect(names.filter((name) => !known.has(name))).toEqual([]);
  });

  it('shows every metric of the engine on a dashboard', () => {
    const shown = namesIn(DASHBOARDS.map((file) => readFileSync(file, 'utf8')).join('\n'));
    expect([...known].filter((name) => !shown.has(name))).toEqual([]);
  });

  it('has an alert for everything that makes the engine unwell', () => {
    const rules = readFileSync(RULES, 'utf8');
    const failing = findingCodes.filter((code) => findingKinds[code].severity === 'failing');
    // A log without room is told by how full it is, for each limit.
    expect(failing.filter((code) => !rules.includes(code))).toEqual(['log_full']);
  });

  it('explains every alert to whoever operates it', () => {
    const alerts = [...readFileSync(RULES, 'utf8').matchAll(/alert: (\w+)/g)].map(([, name]) => name!);
    const guide = readFileSync('docs/how-to/operate.md', 'utf8');
    expect(alerts.filter((name) => !guide.includes(`\`${name}\``))).toEqual([]);
  });

  const promtool = process.env.PROMTOOL || 'promtool';
  const isThere = spawnSync(promtool, ['--version']).status === 0;
  if (!isThere)
    process.stderr.write(
      "skipped: promtool is not installed (Debian's package prometheus, or set PROMTOOL)\n",
    );
  (isThere ? it : it.skip)('passes promtool: the rules are sound, and fire when they should', () => {
    for (const args of [
      ['check', 'rules', RULES],
      ['test', 'rules', 'deploy/prometheus/alerts.test.yml'],
      ['check', 'config', 'deploy/prometheus/prometheus.yml'],
    ]) {
      const { status, stdout, stderr } = spawnSync(promtool, args, { encoding: 'utf8' });
      expect({ status, said: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, said: '' });
    }
  });
});
