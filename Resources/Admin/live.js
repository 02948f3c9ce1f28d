// Brings the live stream to this tab, through the shared worker where there is one, and says how fresh the page is.

const listeners = new Set();
const watchers = new Set();
let say = null;

/// The newest state of the stream; see LiveStream.
export let freshness = { phase: 'connecting', eventAt: null, aliveAt: 0, retryAt: null, rate: 0 };

/// Begins to listen after a seq.
export function startLive(after) {
  say ??= viaWorker() ?? viaTab();
  say({ start: after });
}

export function stopLive() { say?.({ stop: true }); }

/// Calls `listener` with each list of events or progress until the signal ends: `({ events, progress })`.
export function onNews(listener, signal) {
  listeners.add(listener);
  signal?.addEventListener('abort', () => listeners.delete(listener));
}

/// Calls `watcher` whenever the freshness is reported, about twice a second.
export function onFreshness(watcher) { watchers.add(watcher); }

function hear(message) {
  if (message.state) {
    const before = freshness;
    freshness = message.state;
    for (const watcher of watchers) watcher(freshness, before);
  } else {
    for (const listener of listeners) listener(message);
  }
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
    setInterval(() => worker.port.postMessage({}), 10_000);
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
    if (message.stop) stream.stop();
  };
}
