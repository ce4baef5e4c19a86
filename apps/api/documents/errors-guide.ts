import { failures, isFailureCode, proxyFailures, type Failure, type FailureCode } from '#libs/failures';

const RECORDED: Record<Failure['recorded'], string> = {
  'page+fetch_error': 'page row, `fetch_error`',
  page: 'page row',
  evidence: 'evidence only',
  none: 'nothing of the page',
};

/** What whoever called, or reads the event, has to do about it. */
export function clientAction(code: FailureCode, failure: Failure): string {
  if (failure.stopsJob)
    return 'mend what the hint names, then resume the job; the page is open and no attempt is burned';
  if (failure.recorded !== 'none') {
    if (failure.retry === 'backoff')
      return 'nothing at first: the engine tries again; what still failed is requeued by `spoor job retry`';
    return 'change the job or the page; the same request would end the same way';
  }
  if (failure.retry === 'backoff')
    return 'repeat the request with the same `Idempotency-Key` after a growing wait';
  if (failure.http === 404) return 'do not repeat; check the id';
  if (failure.http === 409) return 'read the job again, then decide again';
  if (failure.http >= 500) return 'repeat once; then report it';
  return 'do not repeat; correct the input';
}

interface Row extends Failure {
  code: FailureCode;
}

const rows: Row[] = Object.entries(failures).map(([code, failure]) => ({
  code: code as FailureCode,
  ...failure,
}));

const groups: [title: string, lead: string, belongs: (row: Row) => boolean][] = [
  [
    'Failures of a page',
    'They stand in `FetchFailed` and `FetchRetried`, in `page.error_code` and in the evidence of the page. The HTTP and gRPC columns say how a single fetch that was asked for answers.',
    (row) => row.recorded !== 'none' && !(row.code in proxyFailures),
  ],
  [
    'Failures of a proxy',
    'All but the last two end the run by one `ProxyFailed`: the job’s status is `error`, whatever was in flight stays open.',
    (row) => row.code in proxyFailures,
  ],
  [
    'Commands and queries',
    'They answer a request and leave nothing in the log.',
    (row) => row.recorded === 'none' && !(row.code in proxyFailures),
  ],
];

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('*', '\\*');

function table(of: readonly Row[]): string {
  const head =
    '| code | retried | stops the job | recorded | HTTP | gRPC | hint | what the client does |\n|-|-|-|-|-|-|-|-|';
  const lines = of.map(({ code, retry, stopsJob, recorded, http, grpc, hint }) =>
    [
      `\`${code}\``,
      ...[
        stopsJob ? 'within `proxy.tolerance`' : retry === 'backoff' ? 'yes' : 'no',
        stopsJob ? 'yes' : 'no',
        RECORDED[recorded],
      ],
      ...[String(http), `\`${grpc}\``, cell(hint), clientAction(code, failures[code])],
    ].join(' | '),
  );
  return [head, ...lines.map((line) => `| ${line} |`)].join('\n');
}

const INTRO = `# Errors

One table in the code says what can go wrong and what follows from it; this page is made from it by \`npm run docs\`. Codes are stable:
write programs against \`code\`, and show \`message\` and \`hint\` to people.

## How an error reaches you

- **REST.** The status of the column HTTP, and \`{"error": {"code", "message", "hint", "field", "issues", "requestId"}}\`. \`field\` names the
  input that was wrong, \`issues\` lists all of them. \`POST /api/monitoring/control\` answers \`{"success": false, "error": "…"}\` instead.
- **Command line.** One line, a hint below it, and an exit code: 2 for bad input, 3 for a job that can be resumed, 4 when the engine
  could not start.
- **Events.** \`FetchFailed\`, \`FetchRetried\`, \`PageSkipped\` and \`ProxyFailed\` carry \`code\` and \`message\`.
- **Rows.** \`page.error_code\`, \`page.metadata.error\`, and evidence of type \`fetch_error\`; [Query what became of pages](how-to/query-outcomes.md)
  says which outcome leaves which.

No answer names a password, a resolved address or a stack. A response of a site is no error: a 404 is a fetched page, and a 5xx or
429 is one too after its last attempt.
`;

const GUIDE = `## Recovery

### The proxy failed

The job stopped at once with status \`error\`. Nothing was requested past the proxy, the pages in flight are open, and no attempt was spent.

1. \`spoor job status <jobId>\` (or \`GET /api/segment/status?jobId=…\`) shows the code, what the proxy said, the page, and the last page
   up to which all are done.
2. Mend what the hint names: a password goes into \`.env.local\` or the secrets file, and nothing has to be started anew for it.
3. \`spoor job resume <jobId> --dry-run\` tries the way and says where the job would go on.
4. \`spoor job resume <jobId>\`, or \`POST /api/monitoring/control {"jobId": "…", "action": "resume"}\`. While the proxy is still closed the
   resume is refused and leaves nothing behind.

### Pages failed, the job went on

\`spoor page ls <jobId> --outcome failed\`, \`spoor page why <jobId> <url>\`, then \`spoor job retry <jobId> --code timeout\` (or \`--status 5xx\`,
with \`--dry-run\` first): the pages are open again and their attempts begin at 0.

### A process died

Nothing is to be done. A job that the log calls running is taken up by the next coordinator; tasks of a dead worker come back after
six seconds. \`spoor crawl --resume\` goes on with a crawl of the command line.

### NATS or Postgres was away

\`store_unavailable\` says that an effect is not known. Send the request again with its \`Idempotency-Key\`: what was recorded is answered,
not done twice. Parts that run wait and go on by themselves.

### The log is full

Jobs pause while there is still room to say so. Raise the limit of the stream or make room on the disk, then resume them.

## Questions

**The job does not resume.** It answers 409 with the reason: it is running or done, or the proxy is still closed. Only \`paused\`, \`stopped\`
and \`error\` can be resumed.

**A resume began at the first page.** That was a \`restart\`: it opens every page again. Use \`resume\`.

**The proxy works, and the job still stops.** Look at the code: \`proxy_no_exit\` is the country, \`proxy_traffic_limit\` the account, \`proxy_config\`
the kind of account or session. A provider that fails now and then is what \`proxy.tolerance\` is for.

**Does a retry spend attempts?** Failures of the site do, up to \`retry.attempts\`; failures of the proxy do not.

**Why was this page not requested?** \`robots_disallowed\`, \`robots_unreachable\` and \`skip_pattern\` name the rule; \`spoor page why\` shows it.

**A public site is refused as \`blocked_address\`.** Its name resolves to an address that is not public, at least one of them. To crawl a
site of your own use \`--allow-private\`.

**May a handler rely on getting an event once?** No. Delivery is at least once; \`meta.id\` (of a webhook: \`webhook-id\`) is the same each time.
`;

/** docs/errors.md, from the failure table. */
export function errorsGuide(): string {
  const placed = rows.map((row) => groups.filter(([, , belongs]) => belongs(row)).length);
  const lost = rows.find((row, i) => placed[i] !== 1 || !isFailureCode(row.code));
  if (lost) throw new Error(`${lost.code} belongs to no group of docs/errors.md, or to two`);
  const tables = groups.map(
    ([title, lead, belongs]) => `## ${title}\n\n${lead}\n\n${table(rows.filter(belongs))}\n`,
  );
  return [INTRO, ...tables, GUIDE].join('\n');
}
