import { parseUrl, type ProxySpec } from '#libs/events';

const PLAIN =
  'must be http(s)://host:port; a URL with credentials goes into {"env": "NAME"} or {"secret": "NAME"}';

/** A proxy written into a spec is seen by everybody who sees the job, so it carries no credentials. */
function isPlainProxyUrl(text: string): boolean {
  const url = parseUrl(text);
  if (url === null) return false;
  const { protocol, username, password, pathname, search, hash } = url;
  const bare = pathname === '/' && search === '' && hash === '';
  return /^https?:$/.test(protocol) && !username && !password && bare && !text.includes('@');
}

/** What is wrong with the proxy part of a spec. Values are never repeated: they may be secrets. */
export function proxyIssues(proxy: ProxySpec | null | undefined): { field: string; message: string }[] {
  if (!proxy) return [];
  const issues = [];
  if (typeof proxy.url === 'string' && !isPlainProxyUrl(proxy.url))
    issues.push({ field: 'proxy.url', message: PLAIN });
  proxy.pool.forEach((member, i) => {
    if (typeof member === 'string' && !isPlainProxyUrl(member))
      issues.push({ field: `proxy.pool[${i}]`, message: PLAIN });
  });
  const named = (proxy.url === undefined ? 0 : 1) + proxy.pool.length;
  if (proxy.provider === 'generic' && named === 0)
    issues.push({ field: 'proxy.url', message: 'name a proxy in url or pool, or choose a provider' });
  if (proxy.provider !== 'generic' && named > 0)
    issues.push({
      field: 'proxy.provider',
      message: `${proxy.provider} takes its address from the environment`,
    });
  return issues;
}
