// @ts-check
// The one script of the pages. Without it everything can be read and done; with it a page follows the log by itself.

const LOOK_AGAIN_MS = 1000;
const RECONNECT_MS = 3000;
/** Ages such as "3 min ago" go on while nothing happens. */
const AGES_MS = 30_000;

const main = document.querySelector('main');
const stream = main?.dataset['live'];

/** @param {'live' | 'lost'} state @param {string} text */
function tell(state, text) {
  const place = document.getElementById('connection');
  if (!place || place.dataset['state'] === state) return;
  place.dataset['state'] = state;
  place.textContent = text;
}

/** Whether somebody is writing there, whose words would be lost. @param {Element} region */
function isInUse(region) {
  const { activeElement } = document;
  return region.contains(activeElement) && activeElement?.matches('input, select, textarea') === true;
}

/** Where the session stands, in the words of its page. */
const standing = () => document.querySelector('#head .badge')?.textContent?.trim() ?? '';

/** How to find an element again in what takes its place. @param {Element | null} element */
function nameOf(element) {
  if (!element) return null;
  if (element.id) return `#${CSS.escape(element.id)}`;
  const action = element.localName === 'button' ? element.closest('form')?.getAttribute('action') : null;
  if (action) return `form[action="${CSS.escape(action)}"] button`;
  for (const name of ['href', 'aria-label']) {
    const value = element.getAttribute(name);
    if (value !== null) return `${element.localName}[${name}="${CSS.escape(value)}"]`;
  }
  return null;
}

/** @param {Element} old @param {Element} fresh */
function swap(old, fresh) {
  if (old.outerHTML === fresh.outerHTML || isInUse(old)) return;
  // A button that goes between press and release is never clicked.
  if (old.matches(':active')) return void (isStale = true);
  const focused = old.contains(document.activeElement) ? nameOf(document.activeElement) : null;
  const places = [...old.querySelectorAll('.scroll')].map(({ scrollLeft }) => scrollLeft);
  const next = document.importNode(fresh, true);
  old.replaceWith(next);
  next.querySelectorAll('.scroll').forEach((box, i) => (box.scrollLeft = places[i] ?? 0));
  const again = focused === null ? null : next.querySelector(focused);
  if (again instanceof HTMLElement) again.focus({ preventScroll: true });
}

/** @param {ParentNode} root */
const regionsOf = (root) => [...root.querySelectorAll('main [data-region]')];
/** @param {Element[]} regions */
const idsOf = (regions) => regions.map(({ id }) => id).join(' ');

/** @param {Document} fresh */
function show(fresh) {
  const before = standing();
  draw(fresh);
  const news = document.getElementById('news');
  const why = document.querySelector('#why .message')?.textContent ?? '';
  // A region that is swapped is not read out; this place stays.
  if (news && standing() !== before) news.textContent = `${standing()}. ${why}`;
}

/** @param {Document} fresh */
function draw(fresh) {
  const [old, next] = [regionsOf(document), regionsOf(fresh)];
  document.title = fresh.title;
  const freshMain = fresh.querySelector('main');
  // Something has come or gone: then the whole is what changed.
  if (idsOf(old) !== idsOf(next) && main && freshMain && !isInUse(main)) {
    const notice = main.querySelector(':scope > .notice');
    main.replaceChildren(...[...freshMain.childNodes].map((node) => document.importNode(node, true)));
    if (notice && !main.querySelector(':scope > .notice')) main.children[0]?.after(notice);
    return;
  }
  for (const region of old) {
    const match = next.find(({ id }) => id === region.id);
    if (match) swap(region, match);
  }
}

let isReading = false;
let isStale = false;
/** How long the server needed last: a busy one is asked less often. */
let lastMs = 0;

async function refresh() {
  if (isReading || document.hidden) {
    isStale = true;
    return;
  }
  isReading = true;
  isStale = false;
  const began = performance.now();
  try {
    const response = await fetch(here(), { headers: { accept: 'text/html' }, cache: 'no-store' });
    if (response.redirected && new URL(response.url).pathname === '/login')
      return location.assign(response.url);
    if (!response.ok && response.status !== 404) throw new Error(String(response.status));
    show(new DOMParser().parseFromString(await response.text(), 'text/html'));
  } catch {
    isStale = true;
  } finally {
    lastMs = performance.now() - began;
    setTimeout(
      () => {
        isReading = false;
        if (isStale || document.querySelector('[data-unfinished]')) void refresh();
      },
      Math.max(LOOK_AGAIN_MS, 3 * lastMs),
    );
  }
}

/** A form that was refused is answered at its own address, which cannot be asked for. */
function here() {
  return main?.dataset['self'] ?? location.href;
}

let lastSeen = '';
/** @type {EventSource | null} */
let source = null;

/** A browser opens few connections to a server, so a page that nobody sees keeps none. */
function connect() {
  if (stream === undefined || source !== null || document.hidden) return;
  const url = new URL(stream, location.href);
  if (lastSeen !== '') url.searchParams.set('from', String(Number(lastSeen) + 1));
  const opened = new EventSource(url);
  source = opened;
  opened.onopen = () => {
    const wasLost = document.getElementById('connection')?.dataset['state'] === 'lost';
    tell('live', 'Live');
    if (wasLost) void refresh();
  };
  opened.addEventListener('change', (event) => {
    if (event.lastEventId !== '') lastSeen = event.lastEventId;
    void refresh();
  });
  opened.onerror = () => {
    tell('lost', 'Connection lost. Trying again…');
    if (opened.readyState !== EventSource.CLOSED) return;
    // A browser tries again by itself unless it was refused.
    if (source === opened) source = null;
    setTimeout(connect, RECONNECT_MS);
  };
}

function onSight() {
  if (document.hidden) {
    source?.close();
    source = null;
    return;
  }
  connect();
  void refresh();
}

if (main && stream !== undefined) {
  connect();
  setInterval(() => void refresh(), AGES_MS);
  document.addEventListener('visibilitychange', onSight);
}
if (document.querySelector('[data-unfinished]')) setTimeout(() => void refresh(), LOOK_AGAIN_MS);
