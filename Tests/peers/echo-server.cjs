// A server on Debian's node-ws that is a suite of one case. Arguments: sizes and options of permessage-deflate as JSON.

const { WebSocketServer } = require('ws');
const { talk, tell } = require('./echo.cjs');

const [sizes, options] = process.argv.slice(2);
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: JSON.parse(options) });
// What was said in the case; known when its connection is closed, which may be after the report is asked for.
let judge;
const verdict = new Promise((resolve) => { judge = resolve; });
server.on('listening', () => process.stdout.write(`${server.address().port}\n`));
server.on('connection', (socket, request) => {
  if (request.url.startsWith('/runCase')) return talk(socket, JSON.parse(sizes), judge);
  if (request.url === '/getCaseCount') socket.send('1');
  if (request.url.startsWith('/updateReports')) {
    verdict.then(tell);
    server.close();
  }
  socket.close(1000);
});
