// What both sides of node-ws do with an echo at the other end: send text and binary of each size, compare, ping, close.

exports.talk = (socket, sizes, done) => {
  const messages = sizes.flatMap((size) => [
    'MeterValues '.repeat(size / 12 + 1).slice(0, size), Buffer.from(Array.from({ length: size }, (_, i) => (i * 7919) >> 3 & 255))]);
  const said = { same: 0, pong: '', code: 0, extensions: socket.extensions };
  const next = () => (said.same < messages.length ? socket.send(messages[said.same]) : socket.ping('ping'));
  socket.on('message', (data, isBinary) => {
    const message = messages[said.same];
    if (isBinary !== Buffer.isBuffer(message) || Buffer.compare(Buffer.from(message), Buffer.from(data)) !== 0) {
      said.wrong = said.same;
      return socket.terminate();
    }
    said.same += 1;
    next();
  });
  socket.on('pong', (payload) => {
    said.pong = payload.toString();
    socket.close(4000, 'done');
  });
  socket.on('close', (code) => done({ ...said, code }));
  socket.on('error', (error) => done({ ...said, error: error.message }));
  next();
};

exports.tell = (said) => {
  process.stdout.write(JSON.stringify(said));
};
