// Sites where they lie: no tiles and no request to anybody, only a grid of degrees and the sites in it.

import { locations, openSessions, powerOf, stations } from '../books.js';
import { fill, h, path, shape } from '../dom.js';
import { kilowatts, number } from '../format.js';
import { t, word } from '../i18n.js';
import { go } from '../keys.js';
import { mark, stateOf } from '../states.js';
import { LiveTable } from '../table.js';

const [width, height, edge] = [1000, 560, 60];
const steps = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 45];
// What a site is said to be: the first of these that one of its stations is.
const order = ['faulted', 'offline', 'charging', 'available'];

export async function show({ root, signal, head }) {
  head({ title: t('nav.map'), sub: t('map.sub') });
  await Promise.all([locations.ready(), stations.ready(), openSessions.ready().catch(() => {})]);
  if (signal.aborted) return;
  const place = h('div.map-box');
  const table = new LiveTable({
    caption: t('nav.sites'), key: (s) => s.site.id, href: (s) => path`/sites/${s.site.id}`, name: (s) => s.site.name, empty: () => h('p.mute', null, t('sites.none')),
    columns: [
      { id: 'site', label: t('col.site'), head: true, sort: (s) => s.site.name, cell: (s) => h('a', { href: path`/sites/${s.site.id}` }, s.site.name) },
      { id: 'state', label: t('col.state'), cell: (s) => mark('evse', s.state) }, { id: 'stations', label: t('nav.stations'), num: true, cell: (s) => number(s.stations.length) },
      { id: 'free', label: t('map.free'), num: true, cell: (s) => t('table.of', { shown: s.free, total: s.evses }) }, { id: 'power', label: t('col.power'), num: true, cell: (s) => kilowatts(s.power) },
      { id: 'where', label: t('col.where'), cell: (s) => h('span.mono', null, `${s.site.latitude}, ${s.site.longitude}`) },
    ],
  });
  root.append(place, table.element);
  let drawn = '';
  const draw = () => {
    const sites = locations.list().map(stateOfSite);
    table.show(sites);
    // The drawing is made anew only when it would differ, so that the focus stays on a pin.
    const sign = sites.map((s) => [s.site.id, s.site.name, s.site.latitude, s.site.longitude, s.state, s.free, s.evses].join()).join('|');
    if (sign === drawn) return;
    drawn = sign;
    fill(place, drawMap(sites.filter((s) => Number.isFinite(Number(s.site.latitude)))));
  };
  for (const shelf of [stations, openSessions, locations]) shelf.listen(draw, signal);
  draw();
}

function stateOfSite(site) {
  const here = stations.list().filter((s) => s.location?.id === site.id);
  const evses = here.flatMap((s) => s.evses);
  const states = here.map(stateOf);
  return {
    site, stations: here, evses: evses.length, free: evses.filter((e) => e.status === 'available').length,
    state: order.find((state) => states.includes(state)) ?? (here.length ? 'unknown' : 'unavailable'), power: here.reduce((sum, s) => sum + (powerOf(s) ?? 0), 0),
  };
}

function drawMap(sites) {
  if (!sites.length) return h('p.mute', null, t('sites.none'));
  const frame = fit(sites.map((s) => [Number(s.site.longitude), mercator(Number(s.site.latitude))]));
  const svg = shape('svg', { viewBox: `0 0 ${width} ${height}`, class: 'map', role: 'group', 'aria-label': t('map.label', { n: sites.length }) });
  svg.append(...grid(frame));
  const taken = [];
  for (const s of [...sites].sort((a, b) => Number(b.site.latitude) - Number(a.site.latitude))) svg.append(pin(s, frame, taken));
  return svg;
}

/// The part of the world that holds all sites, at least a few hundred metres of it.
function fit(points) {
  const span = (place) => [Math.min(...points.map((p) => p[place])), Math.max(...points.map((p) => p[place]))];
  const [[west, east], [south, north]] = [span(0), span(1)];
  const scale = Math.min((width - 2 * edge) / Math.max(east - west, 0.004), (height - 2 * edge) / Math.max(north - south, 0.004));
  const [x, y] = [(west + east) / 2, (south + north) / 2];
  return { scale, at: ([lon, merc]) => [width / 2 + (lon - x) * scale, height / 2 - (merc - y) * scale], x, y };
}

/// Degrees of latitude stretched as a map of Mercator does.
function mercator(latitude) {
  const bounded = Math.max(-84, Math.min(84, latitude));
  return (180 / Math.PI) * Math.log(Math.tan(Math.PI / 4 + (bounded * Math.PI) / 360));
}

function unmercator(value) { return (360 / Math.PI) * Math.atan(Math.exp((value * Math.PI) / 180)) - 90; }

function grid({ scale, at, x, y }) {
  const step = steps.find((one) => one * scale >= 110) ?? 45;
  const places = step < 0.01 ? 3 : step < 1 ? 2 : 0;
  const parts = [];
  const [west, east] = [x - width / 2 / scale, x + width / 2 / scale];
  for (let lon = Math.ceil(west / step) * step; lon < east; lon += step) {
    const [place] = at([lon, y]);
    parts.push(shape('path', { d: `M${place.toFixed(1)} 0V${height}`, class: 'map-grid' }), shape('text', { x: place + 4, y: height - 6, class: 'map-degree' }, `${number(Math.abs(lon), places)}° ${lon < 0 ? 'W' : 'E'}`));
  }
  const [south, north] = [unmercator(y - height / 2 / scale), unmercator(y + height / 2 / scale)];
  for (let lat = Math.ceil(south / step) * step; lat < north; lat += step) {
    const [, place] = at([x, mercator(lat)]);
    parts.push(shape('path', { d: `M0 ${place.toFixed(1)}H${width}`, class: 'map-grid' }), shape('text', { x: 6, y: place - 4, class: 'map-degree' }, `${number(Math.abs(lat), places)}° ${lat < 0 ? 'S' : 'N'}`));
  }
  return parts;
}

/// A pin that is a link; its name goes to the side where there is room.
function pin(s, frame, taken) {
  const [x, y] = frame.at([Number(s.site.longitude), mercator(Number(s.site.latitude))]);
  let line = y;
  while (taken.some(([left, top]) => Math.abs(left - x) < 180 && Math.abs(top - line) < 20)) line += 20;
  taken.push([x, line]);
  const left = x > width - 220;
  const label = `${s.site.name} · ${t('table.of', { shown: s.free, total: s.evses })}`;
  const link = shape('a', { href: path`/sites/${s.site.id}`, class: `map-pin tone-${tone(s.state)}`, 'aria-label': `${s.site.name}: ${word('evse', s.state)}, ${t('map.free')} ${s.free}/${s.evses}` },
    shape('circle', { cx: x, cy: y, r: 9, class: 'map-dot' }), s.state === 'faulted' ? shape('path', { d: `M${x} ${y - 5}v6M${x} ${y + 4}v1`, class: 'map-sign' }) : s.state === 'offline' ? shape('path', { d: `M${x - 3} ${y - 3}l6 6M${x + 3} ${y - 3}l-6 6`, class: 'map-sign' }) : null,
    shape('text', { x: left ? x - 15 : x + 15, y: line + 5, class: 'map-name', 'text-anchor': left ? 'end' : 'start' }, label));
  link.addEventListener('click', (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(path`/sites/${s.site.id}`);
  });
  return link;
}

function tone(state) { return { faulted: 'bad', offline: 'calm', charging: 'work', available: 'good' }[state] ?? 'calm'; }
