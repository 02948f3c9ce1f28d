// A 1.6 station on Debian's node-ws: connects with permessage-deflate as asked for, boots, sends a long message and then many,
// and prints what it got as one line of JSON. Arguments: URL, identity, password, options of permessage-deflate as JSON.

const WebSocket = require('ws');

const [url, identity, password, options] = process.argv.slice(2);
const socket = new WebSocket(url, ['ocpp1.6'], {
  auth: `${identity}:${password}`,
  perMessageDeflate: JSON.parse(options),
});
const messages = [
  ['BootNotification', { chargePointVendor: 'Node', chargePointModel: 'ws' }],
  ['DataTransfer', { vendorId: 'com.acme', data: 'the same words again and again, '.repeat(2000) }],
  ...Array.from({ length: 20 }, (_, i) => ['StatusNotification',
    { connectorId: 1, errorCode: 'NoError', status: 'Available', info: `number ${i} ${'x'.repeat(30)}` }]),
  ['Heartbeat', {}],
];
const replies = [];

const next = () => {
  const [action, payload] = messages[replies.length];
  socket.send(JSON.stringify([2, String(replies.length), action, payload]));
};
socket.on('open', next);
socket.on('message', (data) => {
  const frame = JSON.parse(data);
  if (frame[0] === 2) return;
  replies.push(frame);
  if (replies.length < messages.length) return next();
  const bytes = { read: socket._socket.bytesRead, written: socket._socket.bytesWritten };
  socket.close(1000);
  socket.on('close', (code) => {
    process.stdout.write(JSON.stringify({ extensions: socket.extensions, protocol: socket.protocol, replies, bytes, code }));
  });
});
socket.on('error', (error) => {
  process.stdout.write(JSON.stringify({ error: error.message }));
  process.exitCode = 1;
});
setTimeout(() => process.exit(2), 15000).unref();
