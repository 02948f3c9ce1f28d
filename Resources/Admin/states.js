// Shows each state as shape, word and colour, so that none of the three is needed alone.

import { drawing, h } from './dom.js';
import { word } from './i18n.js';

const line = {
  fill: 'none', stroke: 'currentColor', 'stroke-width': 2, 'stroke-linecap': 'round', 'stroke-linejoin': 'round',
};
const full = { fill: 'currentColor' };

const shapes = {
  ring: [['circle', { cx: 8, cy: 8, r: 5, ...line }]],
  bolt: [['path', { d: 'M9.5 1.5 3.5 9h3.6l-.8 5.5L12.5 7H8.8z', ...full }]],
  disc: [['circle', { cx: 8, cy: 8, r: 5, ...full }]],
  triangle: [['path', { d: 'M8 2.2 14.4 13.5H1.6z', ...full }]],
  cross: [['path', { d: 'M3.8 3.8l8.4 8.4M12.2 3.8l-8.4 8.4', ...line }]],
  square: [['rect', { x: 3, y: 3, width: 10, height: 10, rx: 1, ...full }]],
  pause: [['path', { d: 'M5.5 3.5v9M10.5 3.5v9', ...line, 'stroke-width': 2.6 }]],
  bar: [['path', { d: 'M3.5 8h9', ...line, 'stroke-width': 2.6 }]],
  tick: [['path', { d: 'M3 8.6 6.4 12 13 4.6', ...line, 'stroke-width': 2.2 }]],
  door: [['path', { d: 'M3.5 13.5v-11h9v11M3.5 13.5h9M9.5 8h.4', ...line, 'stroke-width': 1.8 }]],
  arrow: [['path', { d: 'M3 8h9M8.6 4.4 12.4 8l-3.8 3.6', ...line }]],
  half: [['circle', { cx: 8, cy: 8, r: 5, ...line }], ['path', { d: 'M8 3a5 5 0 0 1 0 10z', ...full }]],
};

// [shape, tone] of each word, by family; tones are the colours of style.css. Those that the first screen does without come with
// `states-rest.js`.
export const families = {
  evse: {
    available: ['ring', 'good'], preparing: ['disc', 'busy'], charging: ['bolt', 'work'], suspended_ev: ['pause', 'busy'],
    suspended_evse: ['pause', 'busy'], finishing: ['disc', 'busy'], reserved: ['square', 'held'], unavailable: ['bar', 'calm'],
    faulted: ['triangle', 'bad'], unknown: ['cross', 'calm'], offline: ['cross', 'calm'], pending: ['door', 'busy'],
    rejected: ['bar', 'bad'], online: ['ring', 'good'],
  },
  session: {
    pending: ['disc', 'busy'], active: ['bolt', 'work'], completed: ['tick', 'good'], invalid: ['triangle', 'bad'],
    superseded: ['half', 'busy'],
  },
  attention: {
    house_cannot_write: ['triangle', 'bad'],
    station_knocking: ['door', 'busy'], station_offline: ['cross', 'calm'], evse_faulted: ['triangle', 'bad'],
    session_stuck: ['pause', 'busy'], session_superseded: ['half', 'busy'], cdr_held: ['square', 'held'], circuit_over: ['triangle', 'bad'], meter_silent: ['half', 'bad'],
    push_parked: ['triangle', 'bad'], partner_failing: ['triangle', 'bad'], message_parked: ['square', 'held'],
    station_without_password: ['bar', 'busy'], certificate_unusable: ['triangle', 'bad'],
    certificate_expiring: ['half', 'busy'], station_certificate_expiring: ['half', 'busy'],
    station_key_undecided: ['half', 'busy'],
  },
  yes: { ok: ['tick', 'good'] },
};

/// A state as an element: `mark('evse', 'charging')`.
export function mark(family, state, text = word(`${family}`, state)) {
  const [shape, tone] = families[family]?.[state] ?? ['ring', 'calm'];
  return h('span.state', { class: `tone-${tone}` }, drawing(shapes[shape], 'icon'), h('span', null, text));
}

/// The shape alone, where the word stands beside it anyway.
export function glyph(family, state) {
  const [shape, tone] = families[family]?.[state] ?? ['ring', 'calm'];
  const icon = drawing(shapes[shape], `icon tone-${tone}`);
  return icon;
}

// What a whole station is said to be: the first of these that one of its EVSEs is.
const order = [
  'faulted', 'charging', 'suspended_evse', 'suspended_ev', 'finishing', 'preparing', 'available', 'reserved',
  'unavailable',
];

/// The one word for a station.
export function stateOf(station) {
  if (station.registration === 'rejected') return 'rejected';
  if (!station.online) return 'offline';
  if (station.registration === 'pending') return 'pending';
  return order.find((status) => station.evses.some((evse) => evse.status === status)) ?? 'online';
}
