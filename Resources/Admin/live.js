// Brings the live stream to this tab, through the shared worker where there is one, and says how fresh the page is.

const listeners = new Set();
const watchers = new Set();
const silent = 4;      // Looks, one a second, without a word from the one who holds the stream: then nothing is vouched for.
let say = null;
let seq = null;        // Of the newest event that this tab was told.
let held = null;       // What comes while older events are read.
let looks = 0;
let isOver = false;

/// The newest state of the stream; see LiveStream.
export let freshness = { phase: 'connecting', eventAt: null, aliveAt: 0, retryAt: null, rate: 0 };

/// Begins to listen after a seq.
export function startLive(after) {
  seq = after;
  if (!say) setInterval(look, 1000);
  say ??= viaWorker() ?? viaTab();
  say({ start: after });
}

/// This tab hears nothing more: it leaves (`{ leave: true }`), or nobody is logged in any more in any tab (`{ stop: true }`).
export function endLive(how) {
  isOver = true;
  say?.(how);
}

/// Calls `listener` with each list of events or progress until the signal ends: `({ events, progress })`.
export function onNews(listener, signal) {
  if (signal?.aborted) return;
  listeners.add(listener);
  signal?.addEventListener('abort', () => listeners.delete(listener));
}

/// Calls `watcher` whenever the freshness is reported, about twice a second.
export function onFreshness(watcher) { watchers.add(watcher); }

function hear(message) {
  if (isOver) return;
  looks = 0;
  if (message.lost) comeBack(message.runs);
  else if (message.state) enter(message.state);
  else if (message.place) seq = Math.max(seq, message.place);
  else if (held) held.push(message);
  else tell(message);
}

function tell({ events = [], progress }) {
  const fresh = events.filter((event) => event.seq > seq);
  seq = fresh.at(-1)?.seq ?? seq;
  for (const listener of listeners) listener({ events: fresh, progress });
}

function enter(state) {
  const before = freshness;
  freshness = state;
  for (const watcher of watchers) watcher(freshness, before);
  // Another tab logged out.
  if (state.phase === 'signed-out') window.dispatchEvent(new CustomEvent('signed-out'));
}

/// The worker took this tab for gone, as it was frozen. What it missed is read where the stream goes on for others, and the books
/// are read anew, as after any cut.
async function comeBack(runs) {
  if (held) return;
  held = [];
  enter({ ...freshness, phase: 'reconnecting' });
  say({ start: seq });
  if (runs) await import('./live-missed.js').then(({ readMissed }) => readMissed(seq, tell)).catch(() => {});
  const waiting = held;
  held = null;
  waiting.forEach(tell);
}

/// Whether anybody speaks. A count of looks, and not a clock: it stands still while the tab cannot hear.
function look() {
  looks += 1;
  if (isOver || looks < silent || !['live', 'reconnecting'].includes(freshness.phase)) return;
  enter({ ...freshness, phase: 'reconnecting' });
  if (looks % silent === 0) say({});
}

function viaWorker() {
  if (typeof SharedWorker === 'undefined') return null;
  try {
    const worker = new SharedWorker('/live-worker.js', { type: 'module', name: 'ostler-live' });
    const queue = [];
    worker.onerror = () => {
      // An old browser without module workers: this tab listens for itself.
      say = viaTab();
      for (const message of queue) say(message);
    };
    worker.port.onmessage = ({ data }) => hear(data);
    worker.port.start();
    window.addEventListener('pagehide', () => worker.port.postMessage({ leave: true }));
    window.addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });
    setInterval(() => { if (!isOver) worker.port.postMessage({}); }, 10_000);
    return (message) => {
      queue.push(message);
      worker.port.postMessage(message);
    };
  } catch {
    return null;
  }
}

/// The reader of the stream is the worker's; a tab loads it only where it listens for itself.
function viaTab() {
  const coming = import('./live-stream.js').then(({ LiveStream }) => new LiveStream(hear));
  return async (message) => {
    const stream = await coming;
    if ('start' in message) stream.start(message.start);
    if (message.stop || message.leave) stream.stop();
  };
}
