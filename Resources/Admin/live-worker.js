// Holds the browser's one event stream for all its tabs; a browser allows only six connections to a host.

import { LiveStream } from './live-stream.js';

const ports = new Map();
const quiet = 12_000;   // A tab that has not called for ten times so long is gone.
let looked = Date.now();

const stream = new LiveStream((message) => {
  for (const port of ports.keys()) port.postMessage(message);
});

self.addEventListener('connect', ({ ports: [port] }) => {
  ports.set(port, Date.now());
  port.onmessage = ({ data }) => {
    const isKnown = ports.has(port);
    if (data.leave) return leave(port);
    ports.set(port, Date.now());
    // One that was frozen and taken for gone learns that it missed something, and whether the stream goes on for others.
    if ('start' in data) stream.start(data.start);
    else if (!isKnown || !stream.isWanted) port.postMessage({ lost: true, runs: stream.isWanted });
    if (data.stop) stream.signOut();
  };
});

function leave(port) {
  ports.delete(port);
  if (ports.size === 0) stream.stop();
}

setInterval(() => {
  const since = Date.now() - looked;
  looked = Date.now();
  // The clock goes on while the machine sleeps, and then nobody could call.
  if (since > quiet * 2) for (const port of ports.keys()) ports.set(port, looked);
  for (const [port, at] of ports) if (looked - at > quiet * 10) leave(port);
}, quiet);
