// Reads the one event stream of a browser, resumes it by seq, and knows whether what is shown is still true.

const silenceProbe = 4000;    // Milliseconds without a byte after which the daemon is asked what its newest event is.
const silenceStale = 5500;    // Without byte or good answer: the figures are no longer vouched for.
const silenceDead = 45_000;   // A stream without even a comment for so long is opened anew.
const longestPause = 15_000;

/// `tell` hears `{ events }`, `{ progress }`, `{ state }`, and `{ place }`, up to which nothing more was for us. A state is `phase` (`connecting`, `live`, `reconnecting`,
/// `signed-out`), `eventAt`, `aliveAt`, `retryAt` in milliseconds of this machine's clock, and `rate` in events a second.
export class LiveStream {
  #tell; #seq = null; #wanted = false; #abort = null; #watch = null;
  #phase = 'connecting'; #heardAt = 0; #checkedAt = 0; #eventAt = null; #retryAt = null; #failures = 0;
  #recent = []; #probing = false; #waiting = null;

  constructor(tell) { this.#tell = tell; }

  get isWanted() { return this.#wanted; }

  /// Begins after a seq; a stream that runs goes on where it is.
  start(after) {
    if (this.#wanted) return this.report();
    this.#wanted = true;
    this.#seq ??= after;
    this.#failures = 0;
    this.#phase = 'connecting';
    this.#watch = setInterval(() => this.#look(), 500);
    this.#run();
  }

  stop() {
    this.#wanted = false;
    this.#seq = null;
    clearInterval(this.#watch);
    this.#abort?.abort();
    this.#waiting?.();
  }

  /// Ends it because nobody is logged in any more, and says so.
  signOut() {
    this.stop();
    this.#enter('signed-out');
  }

  report() {
    const since = Date.now() - 5000;
    this.#recent = this.#recent.filter((at) => at > since);
    this.#tell({
      state: {
        phase: this.#phase, eventAt: this.#eventAt, retryAt: this.#retryAt, rate: this.#recent.length / 5,
        aliveAt: Math.max(this.#heardAt, this.#checkedAt),
      },
    });
  }

  async #run() {
    while (this.#wanted) {
      try {
        await this.#read();
      } catch (error) {
        if (error.status === 401 || error.status === 403) {
          return this.signOut();
        }
      }
      if (!this.#wanted) return;
      const pause = Math.min(longestPause, 500 * 2 ** this.#failures) * (0.8 + Math.random() * 0.4);
      this.#failures += 1;
      this.#retryAt = Date.now() + pause;
      this.#enter('reconnecting');
      await new Promise((done) => {
        this.#waiting = done;
        setTimeout(done, pause);
      });
    }
  }

  async #read() {
    this.#abort = new AbortController();
    const after = this.#seq === null ? '' : `?after=${this.#seq}`;
    const answer = await fetch(`/api/v1/events${after}`, {
      headers: { Accept: 'text/event-stream' }, cache: 'no-store', credentials: 'same-origin', signal: this.#abort.signal,
    });
    if (!answer.ok) throw Object.assign(new Error('no stream'), { status: answer.status });
    this.#failures = 0;
    this.#heard();
    this.#enter('live');
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    const parse = parser((notice) => this.#take(notice));
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      this.#heard();
      parse(value);
    }
  }

  #take(notices) {
    const events = [];
    for (const notice of notices) {
      let data;
      try { data = JSON.parse(notice.data); } catch { continue; }
      if (notice.event === 'place') {
        // Nothing of what happened up to here was for us.
        this.#seq = Math.max(this.#seq ?? 0, data.seq);
        this.#tell({ place: this.#seq });
        continue;
      }
      if (notice.event === 'progress') {
        this.#tell({ progress: data.sessions ?? [] });
      } else {
        if (this.#seq !== null && data.seq <= this.#seq) continue;
        this.#seq = data.seq;
        events.push(data);
        this.#recent.push(Date.now());
      }
      this.#eventAt = Date.now();
    }
    if (events.length) this.#tell({ events });
  }

  #heard() { this.#heardAt = Date.now(); }

  #enter(phase) {
    this.#phase = phase;
    this.report();
  }

  #look() {
    const time = Date.now();
    if (this.#phase === 'live') {
      if (time - this.#heardAt > silenceDead) this.#abort.abort();
      else if (time - Math.max(this.#heardAt, this.#checkedAt) > silenceStale) this.#abort.abort();
      else if (time - Math.max(this.#heardAt, this.#checkedAt) > silenceProbe) this.#probe();
    }
    this.report();
  }

  /// A quiet house and a dead line look the same on the stream, so it is asked what came after the last: nothing is fresh.
  async #probe() {
    if (this.#probing) return;
    this.#probing = true;
    try {
      const answer = await fetch(`/api/v1/events?after=${this.#seq ?? 0}&limit=1`, {
        headers: { Accept: 'application/json' }, cache: 'no-store', credentials: 'same-origin', signal: AbortSignal.timeout(1400),
      });
      if (answer.status === 401) return this.#abort.abort();
      const page = answer.ok ? await answer.json() : null;
      const next = page?.items?.[0]?.seq ?? null;
      if (page && (next === null || this.#seq === null || next <= this.#seq)) this.#checkedAt = Date.now();
    } catch { /* No answer is an answer: the silence goes on and turns stale. */ } finally {
      this.#probing = false;
    }
  }
}

/// Cuts a text/event-stream into notices; a chunk may end anywhere, also between CR and LF.
export function parser(take) {
  let rest = '', notice = {}, afterCR = false;
  return (chunk) => {
    if (afterCR && chunk.startsWith('\n')) chunk = chunk.slice(1);
    afterCR = chunk.endsWith('\r');
    const lines = (rest + chunk).split(/\r\n|\n|\r/);
    rest = lines.pop();
    const found = [];
    for (const line of lines) {
      if (line === '') {
        if (notice.data !== undefined) found.push(notice);
        notice = {};
        continue;
      }
      const colon = line.indexOf(':');
      if (colon === 0) continue;
      const name = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (name === 'data') notice.data = notice.data === undefined ? value : `${notice.data}\n${value}`;
      else if (name === 'event') notice.event = value;
    }
    if (found.length) take(found);
  };
}
