// Holds the browser's one event stream for all its tabs; a browser allows only six connections to a host.

import { LiveStream } from './live-stream.js';

const ports = new Map();
const quiet = 12_000;   // A tab that has not called for so long is gone.

const stream = new LiveStream((message) => {
  for (const port of ports.keys()) port.postMessage(message);
});

self.addEventListener('connect', ({ ports: [port] }) => {
  ports.set(port, Date.now());
  port.onmessage = ({ data }) => {
    ports.set(port, Date.now());
    if ('start' in data) stream.start(data.start);
    if (data.stop) stream.stop();
    if (data.leave) leave(port);
  };
});

function leave(port) {
  ports.delete(port);
  if (ports.size === 0) stream.stop();
}

setInterval(() => {
  for (const [port, at] of ports) if (Date.now() - at > quiet * 10) leave(port);
}, quiet);
