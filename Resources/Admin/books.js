// What the page knows of the house, kept true by the events: one shelf for each kind of thing that several screens show.

import { all, get } from './api.js';
import { onFreshness, onNews } from './live.js';
import { path } from './dom.js';

const again = 5000;   // Milliseconds until what could not be read is asked for once more.

/// A list of the API, loaded once when it is first needed, then kept current.
class Shelf {
  items = new Map();
  complete = false;
  version = 0;
  #place; #key; #values; #reads = new Set(); #listeners = new Set(); #loading = null; #timer = null; #telling = false; #loadedAt = 0; #again = false; #spent = 0;

  constructor(place, { key = 'id', values = {} } = {}) {
    [this.#place, this.#key, this.#values] = [place, key, values];
  }

  get isUsed() { return this.#loading !== null; }
  list() { return [...this.items.values()]; }
  get(key) { return this.items.get(key); }

  /// Resolves when the first load is over; throws its problem.
  /// What the daemon owed is asked for again.
  ready() {
    return this.#loading ??= this.#load().catch((problem) => {
      this.#loading = null;
      if (!problem.status || problem.status >= 500) setTimeout(() => this.ready().catch(() => {}), again);
      throw problem;
    });
  }

  async #load() {
    // What events told while the pages were read is newer than most of them, and is done to what was read as well.
    const meanwhile = [];
    this.#reads.add(meanwhile);
    try {
      const items = await all(this.#place, this.#values, {
        // A large house is shown from its first page on.
        heard: (some, last) => { if (!last && this.items.size === 0) { this.#take(some); this.changed(); } },
      });
      this.#take(items);
      for (const [key, make] of meanwhile) this.#make(key, make);
    } finally {
      this.#reads.delete(meanwhile);
    }
    this.complete = true;
    this.#loadedAt = Date.now();
    this.changed();
  }

  #take(items) { this.items = new Map(items.map((item) => [item[this.#key], item])); }

  /// Loads everything again soon, at most once in `pause` milliseconds however often it is asked for.
  soon(pause = 1000) {
    if (!this.isUsed) return;
    if (this.#timer) { this.#again = true; return; }
    const wait = Math.max(60, this.#loadedAt + pause - Date.now());
    this.#timer = setTimeout(async () => {
      this.#again = false;
      try { await this.#load(); } catch {
        this.#loadedAt = Date.now();
        [this.#again, pause] = [true, again];
      }
      this.#timer = null;
      if (this.#again) this.soon(pause);
    }, wait);
  }

  put(item) { this.change(item[this.#key], () => item); }

  drop(key) { this.change(key, () => null); }

  /// Makes of the item that is there, if any, what it is now; null where it is gone.
  change(key, make) {
    for (const meanwhile of this.#reads) meanwhile.push([key, make]);
    if (this.#make(key, make)) this.changed();
  }

  #make(key, make) {
    const item = make(this.items.get(key));
    if (!item) return this.items.delete(key);
    this.items.set(key, item);
    return true;
  }

  /// Calls `listener` after changes, once for what changes together, until the signal ends.
  listen(listener, signal) {
    if (signal?.aborted) return;
    this.#listeners.add(listener);
    signal?.addEventListener('abort', () => this.#listeners.delete(listener));
  }

  /// What takes long to draw is drawn less often, so that a lively house of thousands leaves most of the time to its reader.
  changed() {
    this.version += 1;
    if (this.#telling) return;
    this.#telling = true;
    setTimeout(() => {
      this.#telling = false;
      const begun = performance.now();
      for (const listener of this.#listeners) listener();
      // Laying out and painting is a part of it.
      requestAnimationFrame(() => setTimeout(() => { this.#spent = performance.now() - begun; }));
    }, Math.min(1000, Math.max(50, 4 * this.#spent)));
  }
}

export const stations = new Shelf('/stations');
export const openSessions = new Shelf('/sessions', { values: { state: 'open' } });
export const knocks = new Shelf('/knocks');
export const partners = new Shelf('/partners');
export const locations = new Shelf('/locations');
export const tariffs = new Shelf('/tariffs');

/// The overview, for the screen of that name and the counts in the rail.
export const overview = Object.assign(new EventTarget(), {
  now: null,
  timer: null,
  loadedAt: 0,
  async load() {
    this.now = await get('/overview');
    this.loadedAt = Date.now();
    this.dispatchEvent(new Event('change'));
    return this.now;
  },
  soon(pause = 2000) {
    this.timer ??= setTimeout(async () => {
      const isRead = await this.load().then(() => true, () => { this.loadedAt = Date.now(); });
      this.timer = null;
      if (!isRead) this.soon(again);
    }, Math.max(100, this.loadedAt + pause - Date.now()));
  },
});

// Open sessions by station and EVSE, made anew when the shelf changed: tables ask for each of thousands of EVSEs.
const places = { version: -1, index: new Map() };

function openByPlace() {
  if (places.version !== openSessions.version) {
    places.version = openSessions.version;
    places.index = new Map();
    for (const session of openSessions.items.values()) {
      const key = `${session.evse}/${session.station}`;
      if (session.state === 'active' || !places.index.has(key)) places.index.set(key, session);
    }
  }
  return places.index;
}

/// The open session at an EVSE, from the shelf that progress keeps current; else what the station's row said.
export function sessionAt(station, evse) {
  if (!openSessions.complete) return evse.session;
  return openByPlace().get(`${evse.number}/${station.id}`) ?? null;
}

/// What a station draws now, in kW; null where nothing is known.
export function powerOf(station) {
  const known = station.evses.map((evse) => sessionAt(station, evse)?.power_kw).filter(
    (kw) => kw !== null && kw !== undefined
  );
  return known.length ? known.reduce((sum, kw) => sum + Number(kw), 0) : null;
}

// Stations that an event named; a few are fetched one by one, many by one sweep.
const stale = new Set();
let fetching = null;

function touch(id) {
  if (!id || !stations.isUsed) return;
  stale.add(id);
  fetching ??= setTimeout(async () => {
    const ids = [...stale];
    stale.clear();
    fetching = null;
    if (ids.length > 8) return stations.soon(3000);
    for (const id of ids) {
      try {
        stations.put(await get(path`/stations/${id}`));
      } catch (problem) {
        if (problem.status === 404) stations.drop(id);
      }
    }
  }, 250);
}

/// Asks for one station anew, such as after a change made here.
export const touchStation = touch;

function hear(event) {
  const family = event.kind.split('.')[0];
  const station = event.station ? stations.get(event.station) : null;
  switch (event.kind) {
    case 'evse.status':
      if (station?.evses.some((evse) => evse.id === event.body.evse)) {
        stations.change(event.station, (one) => one && {
          ...one, last_seen_at: event.at, evses: one.evses.map((evse) => (evse.id === event.body.evse
            ? { ...evse, status: event.body.status, status_since: event.at } : evse)),
        });
      } else {
        touch(event.station);
      }
      break;
    case 'station.disconnected':
      stations.change(event.station, (one) => one && {
        ...one, online: false, evses: one.evses.map((evse) => ({ ...evse, status: 'unknown', status_since: event.at })),
      });
      touch(event.station);
      break;
    case 'station.connected':
      stations.change(event.station, (one) => one && {
        ...one, online: true, last_seen_at: event.at, version: event.body.version ?? one.version,
      });
      touch(event.station);
      knocks.soon(0);
      break;
    case 'station.knocked': knocks.soon(0); break;
    case 'station.refused': break;
    case 'station.removed':
      if (event.station) stations.drop(event.station);
      stations.soon(500);
      break;
    default:
      if (family === 'station') {
        if (event.kind === 'station.added') knocks.soon(0);
        if (event.station) touch(event.station); else stations.soon();
      } else if (family === 'session' || family === 'cdr') {
        openSessions.soon(800);
      } else if (family === 'partner' || family === 'push') {
        partners.soon(800);
      } else if (family === 'location') {
        locations.soon();
        stations.soon(3000);
      } else if (family === 'tariff') {
        tariffs.soon();
      }
  }
  if (family !== 'command' && family !== 'user' && family !== 'key') overview.soon();
}

function move(figures) {
  for (const one of figures) {
    if (!openSessions.get(one.id)) openSessions.soon(800);
    openSessions.change(one.id, (session) => session && { ...session, ...one, cost: one.cost ?? session.cost });
  }
}

/// Begins to follow the house.
export function follow() {
  onNews(({ events, progress }) => {
    for (const event of events ?? []) hear(event);
    if (progress?.length) {
      move(progress);
      overview.soon(5000);
    }
  });
  // Knocks go away without an event when the stranger hangs up.
  setInterval(() => { if (knocks.items.size) knocks.soon(0); }, 15_000);
  let lost = false;
  onFreshness((state) => {
    if (state.phase === 'reconnecting') lost = true;
    if (state.phase === 'live' && lost) {
      // Events are resumed; figures that moved without one are fetched.
      lost = false;
      for (const shelf of [stations, openSessions, knocks, partners, locations, tariffs]) shelf.soon(0);
      overview.soon(0);
    }
  });
}
