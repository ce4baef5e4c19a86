// A page that takes a while, in the process of whoever asks for it by way of an engine; and the questions themselves. Told by messages:
// `{ url, path, headers, count, atOnce, holdMs, body }` answers `{ overheads, wallMs, bad }`, ms beside the time that the target took.
import { Agent, createServer, request as httpRequest } from 'node:http';

const held = new Map();
const server = createServer((incoming, response) => {
  const from = performance.now();
  const id = new URL(incoming.url, 'http://x').searchParams.get('id');
  setTimeout(() => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(`<title>bench</title><p>${'A line of text. '.repeat(200)}</p>`);
    held.set(id, performance.now() - from);
  }, holdMs);
});
let holdMs = 0;
let next = 0;

function ask(agent, { url, keys, scrape }, target) {
  const id = String(next++);
  const body = JSON.stringify({ url: `${target}/?id=${id}`, format: 'text', holdMs });
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  if (scrape) headers['x-api-key'] = keys[next % keys.length];
  return new Promise((resolve, reject) => {
    const from = performance.now();
    const request = httpRequest(url, { method: 'POST', headers, agent }, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += chunk));
      response.on('end', () => {
        const total = performance.now() - from;
        const took = scrape ? held.get(id) : JSON.parse(text).held;
        held.delete(id);
        resolve(response.statusCode === 200 && took !== undefined ? total - took : null);
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function run(what, target) {
  holdMs = what.holdMs;
  const agent = new Agent({ keepAlive: true, maxSockets: what.atOnce });
  const overheads = [];
  let bad = 0;
  let left = what.count;
  const from = performance.now();
  const work = async (i) => {
    // A hundred callers do not all begin in the same millisecond.
    await new Promise((resolve) => setTimeout(resolve, (holdMs * i) / what.atOnce));
    while (left-- > 0) {
      const overhead = await ask(agent, what, target);
      if (overhead === null) bad += 1;
      else overheads.push(overhead);
    }
  };
  await Promise.all(Array.from({ length: what.atOnce }, (_, i) => work(i)));
  agent.destroy();
  return { overheads, bad, wallMs: performance.now() - from };
}

server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const target = `http://127.0.0.1:${server.address().port}`;
  process.send({ host: target.slice(7) });
  process.on('message', (what) => void run(what, target).then((result) => process.send(result)));
});
process.on('disconnect', () => process.exit(0));
