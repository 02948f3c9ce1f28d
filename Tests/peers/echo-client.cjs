// A client on Debian's node-ws. Arguments: URL, sizes and options of permessage-deflate as JSON.

const WebSocket = require('ws');
const { talk, tell } = require('./echo.cjs');

const [url, sizes, options] = process.argv.slice(2);
const socket = new WebSocket(url, { perMessageDeflate: JSON.parse(options) });
socket.on('open', () => talk(socket, JSON.parse(sizes), tell));
socket.on('error', (error) => tell({ error: error.message }));
