// Keeps a page of the dashboard up to date. The page is whole without this: regions of it come anew by server-sent events,
// made by the same code as the page itself, and are fitted into it node by node, so that focus, selection and scrolling
// stay where they are. Times are told as how long ago they were.

interface Policy {
  createHTML(text: string): string;
}
interface PolicyFactory {
  createPolicy(name: string, rules: { createHTML(text: string): string }): Policy;
}

const asIs = { createHTML: (text: string): string => text };
const { trustedTypes } = globalThis as { trustedTypes?: PolicyFactory };
/** All HTML comes from the dashboard's own templates, which escape what they are given. */
const policy: Policy = trustedTypes?.createPolicy('filetao-live', asIs) ?? asIs;

const agesEveryMs = 5_000;
/** The server ends streams when the node does, and refuses them while too many pages are open. */
const askAgainMs = 5_000;

const box = document.getElementById('live');
const state = document.getElementById('live-state');
const pause = document.getElementById('live-pause') as HTMLButtonElement | null;
let stream: EventSource | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
let isPaused = false;

function say(what: 'Live' | 'Paused' | 'Connecting' | 'Disconnected'): void {
  if (state === null || box === null || state.textContent === what) return;
  state.textContent = what;
  box.dataset.state = what.toLowerCase();
}

const keyOf = (node: Node): string | null =>
  node instanceof HTMLElement ? (node.dataset.key ?? null) : null;

function fitAttributes(old: Element, next: Element): void {
  for (const { name } of [...old.attributes]) if (!next.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of next.attributes)
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
}

/** Makes `old` equal to `next`, keeping as many of its nodes as can be. */
function fit(old: Node, next: Node): void {
  if (old instanceof Element && next instanceof Element) {
    fitAttributes(old, next);
    fitChildren(old, next);
  } else if (old.nodeValue !== next.nodeValue) old.nodeValue = next.nodeValue;
}

const isAlike = (old: Node, next: Node): boolean =>
  old.nodeType === next.nodeType && old.nodeName === next.nodeName && keyOf(old) === keyOf(next);

function fitChildren(old: Element, next: Element | DocumentFragment): void {
  const keyed = new Map<string, Node>();
  for (const child of old.childNodes) {
    const key = keyOf(child);
    if (key !== null) keyed.set(key, child);
  }
  // A region that is filled for the first time has no news in it.
  const isNews = keyed.size > 0;
  const wanted = new Set([...next.childNodes].map(keyOf));
  let at: Node | null = old.firstChild;
  for (const child of [...next.childNodes]) {
    const key = keyOf(child);
    while (at !== null && keyOf(at) !== null && !wanted.has(keyOf(at))) {
      const gone: Node = at;
      at = at.nextSibling;
      old.removeChild(gone);
    }
    const known: Node | null = key === null ? at : (keyed.get(key) ?? null);
    if (known !== null && isAlike(known, child)) {
      if (known === at) at = at.nextSibling;
      else old.insertBefore(known, at);
      if (!known.isEqualNode(child)) fit(known, child);
    } else {
      if (key !== null && isNews && child instanceof HTMLElement) child.classList.add('new');
      old.insertBefore(child, at);
    }
  }
  while (at !== null) {
    const gone: Node = at;
    at = at.nextSibling;
    old.removeChild(gone);
  }
}

const units = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
] as const;

function ageText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const side = (text: string): string => (seconds >= 0 ? `${text} ago` : `in ${text}`);
  const size = Math.abs(seconds);
  for (const [unit, name] of units) if (size >= unit) return side(`${Math.floor(size / unit)} ${name}`);
  return size < 5 && seconds >= 0 ? 'just now' : side(`${size} s`);
}

function tellAges(within: ParentNode): void {
  const now = Date.now();
  for (const time of within.querySelectorAll<HTMLElement>('time[data-ms]')) {
    const text = ageText(now - Number(time.dataset.ms));
    if (time.textContent !== text) time.textContent = text;
  }
}

function show(message: MessageEvent<string>): void {
  const { id, html } = JSON.parse(message.data) as { id: string; html: string };
  const region = document.getElementById(id);
  if (region === null || !('live' in region.dataset)) return;
  const template = document.createElement('template');
  template.innerHTML = policy.createHTML(html);
  tellAges(template.content);
  fitChildren(region, template.content);
}

function disconnect(): void {
  clearTimeout(timer);
  stream?.close();
  stream = null;
}

function connect(): void {
  disconnect();
  if (isPaused || document.hidden) return;
  if (state?.textContent !== 'Disconnected') say('Connecting');
  const at = location.pathname + location.search;
  stream = new EventSource(`/live?at=${encodeURIComponent(at)}`);
  stream.addEventListener('open', () => say('Live'));
  stream.addEventListener('region', show);
  stream.addEventListener('error', () => {
    say('Disconnected');
    // The browser asks again by itself, but not after an answer that was no stream.
    if (stream?.readyState === EventSource.CLOSED) timer = setTimeout(connect, askAgainMs);
  });
}

pause?.addEventListener('click', () => {
  isPaused = !isPaused;
  pause.textContent = isPaused ? 'Resume' : 'Pause';
  if (isPaused) {
    disconnect();
    say('Paused');
  } else connect();
});
// Nobody looks at a hidden page, and the places of those who do are few.
document.addEventListener('visibilitychange', () => (document.hidden ? disconnect() : connect()));
addEventListener('pagehide', disconnect);
addEventListener('pageshow', (event) => {
  if (event.persisted) connect();
});

if (box !== null) box.hidden = false;
tellAges(document);
setInterval(() => tellAges(document), agesEveryMs);
if (document.querySelector('[data-live]') !== null) connect();
else if (box !== null) box.hidden = true;

export {};
