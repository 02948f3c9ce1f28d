// A map that asks nobody, unless the operator chose a server of tiles: land as an outline that comes with the page, a grid of
// degrees, and pins that are links. It is moved and scaled by buttons, keys, wheel and pointer.

import { fill, h, path, shape } from './dom.js';
import { number } from './format.js';
import { t, word } from './i18n.js';
import { go } from './keys.js';

const edge = 60;
// As wide as its place on the screen, so that words are as large as elsewhere also on a phone.
let [width, height] = [1000, 560];
const steps = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 45];
const nearest = 400_000;                              // Pixels of a degree.
const farthest = () => width / 360;
const coarse = 800;                                   // From here on the outline would say more than it knows.
const inset = { width: 190, height: 120, degrees: 14 };
const tileSize = 256;
const buttons = { width: 70, height: 160 };           // In the upper right corner.
const letter = 8;                                     // About the width of one in a pin's name.
const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_';

/// A map of sites `{ site, state, free, evses }`, on the tiles of `{ url, attribution, max_zoom }` where those are given.
export class MapView {
  #box; #svg; #over; #sites = []; #frame = null; #land = ''; #isMoved = false; #tiles; #drawn = new Map(); #silence = h('p.map-silence', { role: 'status', hidden: true });

  constructor(tiles = null) {
    this.#tiles = tiles;
    this.#svg = shape('svg', { viewBox: `0 0 ${width} ${height}`, class: 'map', role: 'group' });
    this.#over = shape('svg', { viewBox: `0 0 ${inset.width} ${inset.height}`, class: 'map-inset', 'aria-hidden': 'true' });
    const button = (label, sign, click) => h('button', { type: 'button', 'aria-label': label, title: label, on: { click } }, sign);
    this.#box = h('div.map-box', { tabindex: '0', role: 'region', 'aria-label': t('map.region'), 'aria-keyshortcuts': '+ - 0' },
      this.#svg, this.#over, h('div.map-buttons', null,
        button(t('map.in'), '+', () => this.#scale(2)), button(t('map.out'), '−', () => this.#scale(0.5)),
        button(t('map.all'), '⤢', () => this.#fit())),
      tiles && h('p.map-credit', null, tiles.attribution), this.#silence);
    this.#box.addEventListener('keydown', (event) => this.#key(event));
    this.#svg.addEventListener('wheel', (event) => this.#wheel(event), { passive: false });
    this.#drag();
    new ResizeObserver(() => this.#measure()).observe(this.#box);
    this.#fetchLand();
  }

  get element() { return this.#box; }

  /// Shows these; the part of the world stays as the reader left it.
  show(sites) {
    this.#sites = sites;
    this.#svg.setAttribute('aria-label', t('map.label', { n: sites.length }));
    if (this.#isMoved) this.#draw(); else this.#fit();
  }

  #measure() {
    const wide = Math.round(Math.min(1000, Math.max(300, this.#box.clientWidth)));
    if (!this.#box.clientWidth || wide === width) return;
    [width, height] = [wide, wide < 700 ? 420 : 560];
    this.#svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    if (this.#isMoved) this.#draw(); else this.#fit();
  }

  /// Land is an adornment: where it does not come, the grid and the pins remain.
  async #fetchLand() {
    try {
      const answer = await fetch('/land.json');
      if (answer.ok) this.#land = outline(await answer.json());
    } catch { return; }
    this.#draw();
  }

  #fit() {
    this.#isMoved = false;
    this.#frame = fit(this.#sites.map((s) => [Number(s.site.longitude), mercator(Number(s.site.latitude))]));
    this.#draw();
  }

  #scale(by, [x, y] = [width / 2, height / 2]) {
    const { scale } = this.#frame;
    const next = Math.min(nearest, Math.max(farthest(), scale * by));
    this.#frame.x += (x - width / 2) * (1 / scale - 1 / next);
    this.#frame.y -= (y - height / 2) * (1 / scale - 1 / next);
    this.#frame.scale = next;
    this.#move(0, 0);
  }

  #move(right, down) {
    this.#isMoved = true;
    const frame = this.#frame;
    frame.x = Math.max(-180, Math.min(180, frame.x - right / frame.scale));
    frame.y = Math.max(-160, Math.min(160, frame.y + down / frame.scale));
    this.#draw();
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const moves = { ArrowLeft: [80, 0], ArrowRight: [-80, 0], ArrowUp: [0, 80], ArrowDown: [0, -80] };
    if (event.key in moves) this.#move(...moves[event.key]);
    else if (event.key === '+' || event.key === '=') this.#scale(2);
    else if (event.key === '-') this.#scale(0.5);
    else if (event.key === '0') this.#fit();
    else return;
    event.preventDefault();
  }

  /// The page scrolls over the map as over anything else; with Ctrl, as a touch pad sends it for two fingers, it scales.
  #wheel(event) {
    if (!event.ctrlKey) return;
    event.preventDefault();
    this.#scale(2 ** (-event.deltaY / 200), this.#at(event));
  }

  #at(event) {
    const box = this.#svg.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * width, ((event.clientY - box.top) / box.height) * height];
  }

  #drag() {
    let last = null;
    this.#svg.addEventListener('pointerdown', (event) => {
      if (event.button === 0 && event.pointerType !== 'touch' && !event.target.closest('a')) last = this.#at(event);
    });
    this.#svg.addEventListener('pointermove', (event) => {
      if (!last) return;
      const now = this.#at(event);
      this.#move(now[0] - last[0], now[1] - last[1]);
      last = now;
      this.#svg.setPointerCapture(event.pointerId);
    });
    for (const end of ['pointerup', 'pointercancel']) this.#svg.addEventListener(end, () => { last = null; });
  }

  #draw() {
    if (!this.#frame) return;
    const { scale, x, y } = this.#frame;
    const frame = { scale, x, y, at: ([lon, merc]) => [width / 2 + (lon - x) * scale, height / 2 - (merc - y) * scale] };
    const focus = this.#svg.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
    const isKnown = this.#land && scale < coarse;
    this.#svg.classList.toggle('has-land', Boolean(isKnown));
    const taken = [];
    fill(this.#svg, isKnown && land(this.#land, frame, width, height), grid(frame), this.#tilesOf(frame),
      [...this.#sites].sort((a, b) => Number(b.site.latitude) - Number(a.site.latitude)).map((s) => pin(s, frame, taken)));
    if (focus) this.#svg.querySelector(`[href="${CSS.escape(focus)}"]`)?.focus();
    this.#drawInset(frame, taken);
  }

  /// The tiles of this part of the world, one of each size at most: those that were shown before are moved and not asked for
  /// again. Where one does not come, the outline stays in its place.
  #tilesOf({ scale, x, y, at }) {
    if (!this.#tiles) return null;
    const zoom = Math.max(0, Math.min(this.#tiles.max_zoom, Math.round(Math.log2((scale * 360) / tileSize))));
    const count = 2 ** zoom;
    const degrees = 360 / count;
    const range = (from, to) => [Math.max(0, Math.floor(from / degrees)), Math.min(count - 1, Math.floor(to / degrees))];
    const [west, east] = range(x - width / 2 / scale + 180, x + width / 2 / scale + 180);
    const [north, south] = range(180 - y - height / 2 / scale, 180 - y + height / 2 / scale);
    const shown = new Map();
    for (let column = west; column <= east; column += 1) {
      for (let row = north; row <= south; row += 1) {
        const key = `${zoom}/${column}/${row}`;
        const tile = this.#drawn.get(key) ?? this.#tile(zoom, column, row);
        const [left, top] = at([column * degrees - 180, 180 - row * degrees]);
        for (const [name, value] of Object.entries({ x: left, y: top, width: degrees * scale, height: degrees * scale })) tile.setAttribute(name, value.toFixed(2));
        shown.set(key, tile);
      }
    }
    this.#drawn = shown;
    return [...shown.values()];
  }

  #tile(zoom, column, row) {
    const href = this.#tiles.url.replace('{z}', zoom).replace('{x}', column).replace('{y}', row);
    // Servers want to know whose page it is; which part of it somebody looks at is not theirs to know.
    const tile = shape('image', { class: 'map-tile', preserveAspectRatio: 'none', referrerpolicy: 'origin', href });
    tile.addEventListener('load', () => { this.#silence.hidden = true; });
    tile.addEventListener('error', () => {
      tile.remove();
      fill(this.#silence, t('map.silence'));
      this.#silence.hidden = false;
    });
    return tile;
  }

  /// Where in the world this is: a part of it that is always wide enough to be known by its coasts. It makes way for pins.
  #drawInset({ scale, x, y }, taken) {
    const degrees = Math.max(inset.degrees, (3 * width) / scale);
    const [wide, high] = width < 700 ? [110, 100] : [280, 160];
    const isInTheWay = taken.some(([from, to, line]) => from < wide && to > 0 && line > height - high);
    this.#over.toggleAttribute('hidden', !this.#land || degrees > 200 || isInTheWay);
    const small = { scale: inset.width / degrees, x, y };
    const [w, d] = [(width / scale) * small.scale, (height / scale) * small.scale];
    fill(this.#over, land(this.#land, small, inset.width, inset.height), w < 8
      ? shape('circle', { cx: inset.width / 2, cy: inset.height / 2, r: 5, class: 'map-here' })
      : shape('rect', { x: (inset.width - w) / 2, y: (inset.height - d) / 2, width: w, height: d, class: 'map-here' }));
  }
}

/// The part of the world that holds all sites, at least a few hundred metres of it.
function fit(points) {
  if (!points.length) return { scale: farthest(), x: 0, y: 20 };
  const span = (place) => [Math.min(...points.map((p) => p[place])), Math.max(...points.map((p) => p[place]))];
  const [[west, east], [south, north]] = [span(0), span(1)];
  const scale = Math.min((width - 2 * edge) / Math.max(east - west, 0.004), (height - 2 * edge) / Math.max(north - south, 0.004));
  return { scale, x: (west + east) / 2, y: (south + north) / 2 };
}

/// Degrees of latitude stretched as a map of Mercator does.
function mercator(latitude) {
  const bounded = Math.max(-84, Math.min(84, latitude));
  return (180 / Math.PI) * Math.log(Math.tan(Math.PI / 4 + (bounded * Math.PI) / 360));
}

function unmercator(value) { return (360 / Math.PI) * Math.atan(Math.exp((value * Math.PI) / 180)) - 90; }

/// Rings of differences, each number in groups of five bits with its sign in the lowest, as a path in degrees of Mercator.
function outline({ degree, rings }) {
  return rings.split(' ').map((ring) => {
    let place = 0, x = 0, y = 0, d = '';
    const next = () => {
      let value = 0, shift = 0, digit;
      do {
        digit = digits.indexOf(ring[place]);
        place += 1;
        value |= (digit & 31) << shift;
        shift += 5;
      } while (digit & 32);
      return value & 1 ? -((value + 1) >> 1) : value >> 1;
    };
    while (place < ring.length) {
      x += next();
      y += next();
      d += `${d ? 'L' : 'M'}${x / degree} ${mercator(y / degree).toFixed(3)}`;
    }
    return `${d}Z`;
  }).join('');
}

function land(d, { scale, x, y }, wide, high) {
  return shape('path', {
    d, class: 'map-land', transform: `translate(${wide / 2 - x * scale} ${high / 2 + y * scale}) scale(${scale} ${-scale})`,
  });
}

function grid({ scale, at, x, y }) {
  const step = steps.find((one) => one * scale >= 110) ?? 45;
  const places = step < 0.01 ? 3 : step < 1 ? 2 : 0;
  const parts = [];
  const [west, east] = [x - width / 2 / scale, x + width / 2 / scale];
  for (let lon = Math.ceil(west / step) * step; lon < east; lon += step) {
    const [place] = at([lon, y]);
    parts.push(shape('path', { d: `M${place.toFixed(1)} 0V${height}`, class: 'map-grid' }),
      shape('text', { x: place + 4, y: height - 6, class: 'map-degree' }, `${number(Math.abs(lon), places)}° ${lon < 0 ? 'W' : 'E'}`));
  }
  const [south, north] = [unmercator(y - height / 2 / scale), unmercator(y + height / 2 / scale)];
  for (let lat = Math.ceil(south / step) * step; lat < north; lat += step) {
    const [, place] = at([x, mercator(lat)]);
    parts.push(shape('path', { d: `M0 ${place.toFixed(1)}H${width}`, class: 'map-grid' }),
      shape('text', { x: 6, y: place - 4, class: 'map-degree' }, `${number(Math.abs(lat), places)}° ${lat < 0 ? 'S' : 'N'}`));
  }
  return parts;
}

/// A pin that is a link; its name goes to the side where there is room.
function pin(s, frame, taken) {
  const [x, y] = frame.at([Number(s.site.longitude), mercator(Number(s.site.latitude))]);
  if (x < -20 || x > width + 20 || y < -20 || y > height + 20) return null;
  // To the right, where no button is, else to the left, else as far to the left as the map goes, below the pin.
  const room = y < buttons.height ? width - buttons.width : width;
  const count = ` · ${t('table.of', { shown: s.free, total: s.evses })}`;
  const most = Math.floor((room - 8) / letter) - count.length;
  const label = (s.site.name.length > most ? `${s.site.name.slice(0, Math.max(most - 1, 1))}…` : s.site.name) + count;
  const long = label.length * letter;
  const side = x + 15 + long <= room ? 'right' : x - 15 - long >= 0 ? 'left' : 'below';
  const from = { right: x + 15, left: x - 15 - long, below: Math.max(4, Math.min(x - long / 2, room - long - 4)) }[side];
  let line = side === 'below' ? y + 20 : y;
  while (taken.some(([start, end, top]) => start < from + long && from < end && Math.abs(top - line) < 20)) line += 20;
  taken.push([Math.min(from, x - 10), Math.max(from + long, x + 10), line]);
  const signs = { faulted: `M${x} ${y - 5}v6M${x} ${y + 4}v1`, offline: `M${x - 3} ${y - 3}l6 6M${x + 3} ${y - 3}l-6 6` };
  const link = shape('a', {
    href: path`/sites/${s.site.id}`, class: `map-pin tone-${tone(s.state)}`,
    'aria-label': `${s.site.name}: ${word('evse', s.state)}, ${t('map.free')} ${s.free}/${s.evses}`,
  },
  shape('circle', { cx: x, cy: y, r: 9, class: 'map-dot' }), signs[s.state] && shape('path', { d: signs[s.state], class: 'map-sign' }),
  shape('text', { x: side === 'left' ? x - 15 : from, y: line + 5, class: 'map-name', 'text-anchor': side === 'left' ? 'end' : 'start' }, label));
  link.addEventListener('click', (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(path`/sites/${s.site.id}`);
  });
  return link;
}

function tone(state) { return { faulted: 'bad', offline: 'calm', charging: 'work', available: 'good' }[state] ?? 'calm'; }
