// One station: its state and actions, its EVSEs and their sessions, then configuration, messages, commands, history, set-up.

import { get, mayRun, remove } from '../api.js';
import { stationActions } from '../actions.js';
import { openSessions, sessionAt, stations, touchStation } from '../books.js';
import { AreaChart } from '../chart.js';
import { commandTook, inWords } from '../commands.js';
import { eventLine, who } from '../events.js';
import { reading } from '../dialog.js';
import { fill, h, path } from '../dom.js';
import { ago, kilowattHours, kilowatts, money, none, now, number, percent, timeMark } from '../format.js';
import { t, word } from '../i18n.js';
import { csvButton, doButton } from '../lists.js';
import { onNews } from '../live.js';
import { pager } from '../pager.js';
import { LiveTable } from '../table.js';
import { mark, stateOf } from '../states.js';
import { drawConfiguration } from './station-configuration.js';
import { drawDevice } from './station-device.js';
import { drawDuties } from './station-duties.js';
import { drawSecurity } from './station-security.js';
import { drawSetUp } from './station-setup.js';
import { statusSection } from '../station-statuses.js';
import { messageTable, parkedSection } from './messages.js';

const tabs = {
  now: drawNow, duties: drawDuties, configuration: drawConfiguration, device: drawDevice, security: drawSecurity, messages: drawMessages, commands: drawCommands, history: drawHistory,
  setup: drawSetUp,
};

const mostSummed = 8;   // Sessions of a station whose readings are fetched for the line of its power.

export async function show(context) {
  const { root, signal, params, query, head } = context;
  const offered = Object.keys(tabs).filter((name) => mayRun() || !['configuration', 'setup'].includes(name));
  const tab = offered.includes(query.get('tab')) ? query.get('tab') : 'now';
  const [station] = await Promise.all([
    get(path`/stations/${params.id}`, {}, { signal }), openSessions.ready().catch(() => {}),
  ]);
  stations.put(station);
  stations.ready().catch(() => {});
  const state = { station };
  const drawHead = () => {
    const { station: s } = state;
    head({
      title: s.id, mono: true, back: { href: '/stations', label: t('nav.stations') },
      sub: [mark('evse', stateOf(s)), h('span', null, s.location?.name ?? none), h(
        'span', null, [s.vendor, s.model].filter(Boolean).join(' ') || none
      ),
        h('span', null, s.version ? t('knock.version', { version: s.version }) : t('station.never')),
        h('span', null, t('station.seen'), ' ', ago(s.last_seen_at))],
      buttons: mayRun() && quickButtons(s), actions: () => stationActions(state.station),
    });
  };
  drawHead();
  const nav = h('nav.tabs', { 'aria-label': t('station.tabs') }, h('ul', null, offered.map((name) => h('li', null, h('a', {
      href: path`/stations/${station.id}` + (
        name === 'now' ? '' : `?tab=${name}`
      ), 'aria-current': name === tab ? 'page' : null,
    }, t(`station.tab.${name}`))))));
  const place = h('div');
  root.append(nav, place);
  let seen = signOf(station);
  const changed = () => {
    const fresh = stations.get(station.id);
    if (!fresh) return;
    state.station = { ...state.station, ...fresh };
    const sign = signOf(state.station);
    if (sign !== seen) {
      seen = sign;
      drawHead();
    }
    state.redraw?.();
  };
  stations.listen(changed, signal);
  openSessions.listen(changed, signal);
  await tabs[tab](place, state, context);
}

/// What the head shows; it is drawn anew only when this changes, so that the focus stays on its buttons.
function signOf(station) {
  return [stateOf(station), station.location?.id, station.vendor, station.model, station.version, station.online, station.registration,
    station.last_seen_at, station.evses.map((evse) => sessionAt(station, evse)?.id).join()].join('|');
}

function quickButtons(station) {
  return stationActions(station).filter(
    (action) => action.key === 's' || action.key === 't'
  ).map((action) => h('button', {
    type: 'button', class: action.key === 's' ? 'primary' : '', disabled: action.disabled, title: action.why ?? null,
    'aria-keyshortcuts': `. ${action.key}`, on: { click: action.run },
  }, action.label));
}

// Now

async function drawNow(place, state, { signal }) {
  const evses = new LiveTable({
    caption: t('station.evses'), key: (e) => e.number, name: (e) => `${state.station.id} ${e.number}`,
    actions: (evse) => stationActions(state.station, evse), empty: () => h('p', null, t('station.evses.none')),
    columns: [
      {
        id: 'number', label: t('col.evse'), head: true,
        cell: (e) => h(
          'span', null, String(e.number), e.physical_reference ? h('span.mute', null, ` · ${e.physical_reference}`) : ''
        ),
      },
      { id: 'state', label: t('col.state'), cell: (e) => mark('evse', e.status) },
      { id: 'since', label: t('col.since'), calm: true, cell: (e) => ago(e.status_since) },
      { id: 'connectors', label: t('col.connectors'), cell: connectorsOf },
      { id: 'session', label: t('col.session'), cell: (e) => sessionLink(state.station, e) },
      { id: 'power', label: t('col.power'), num: true, cell: (e) => kilowatts(sessionAt(state.station, e)?.power_kw) },
      {
        id: 'energy', label: t('col.energy'), num: true,
        cell: (e) => kilowattHours(sessionAt(state.station, e)?.energy_kwh),
      },
      { id: 'soc', label: t('col.soc'), num: true, cell: (e) => percent(sessionAt(state.station, e)?.state_of_charge) },
      { id: 'cost', label: t('col.cost'), num: true, cell: (e) => money(sessionAt(state.station, e)?.cost) },
      { id: 'id', label: t('col.evse_id'), cell: (e) => (e.evse_id ? h('span.id', null, e.evse_id) : none) },
    ],
  });
  const chart = new AreaChart(t('station.power'), 'kW', {
    zone: state.station.location?.time_zone, empty: t('station.power.empty'),
  });
  const facts = h('dl.facts');
  const oddities = h('div'), trouble = h('div');
  fill(place, h('section', null, h('h2', null, t('station.evses')), evses.element),
    h('div.two', null, h('section', null, h('h2', null, t('station.power')), trouble, chart.element),
      h('section', null, h('h2', null, t('station.facts')), facts)),
    oddities);
  drawOddities(oddities, state.station);

  const points = [];
  await reading(trouble, async () => { points.unshift(...await earlierPower(state.station, signal)); }, signal);
  state.redraw = () => {
    evses.show(state.station.evses);
    drawFacts(facts, state.station);
  };
  state.redraw();
  const tick = () => {
    const running = state.station.evses.map((evse) => sessionAt(state.station, evse)).filter(Boolean);
    if (running.length || points.length) points.push({
      at: now(), value: running.reduce((sum, s) => sum + Number(s.power_kw ?? 0), 0),
    });
    if (points.length > 4000) points.shift();
    chart.show(points);
  };
  tick();
  const timer = setInterval(tick, 1000);
  signal.addEventListener('abort', () => clearInterval(timer));
}

/// What the sessions that run told before: at each reading the sum of what every one of them said last.
async function earlierPower(station, signal) {
  const running = station.evses.map((evse) => sessionAt(station, evse)).filter(Boolean);
  const sessions = await Promise.all(running.slice(0, mostSummed).map(({ id }) => get(path`/sessions/${id}`, {}, { signal })));
  const readings = sessions.flatMap(({ id, readings }) => readings.filter((r) => r.power_kw !== null)
    .map((r) => ({ id, at: new Date(r.at).getTime(), kw: Number(r.power_kw) }))).sort((a, b) => a.at - b.at);
  const last = new Map();
  return readings.map(({ id, at, kw }) => {
    last.set(id, kw);
    return { at, value: [...last.values()].reduce((sum, one) => sum + one, 0) };
  });
}

function connectorsOf(evse) {
  if (!evse.connectors.length) return none;
  const text = evse.connectors.map(
    (c) => `${word('standard', c.standard)} · ${number(c.rated_power / 1000, c.rated_power % 1000 ? 1 : 0)} kW`
  ).join(', ');
  const assumed = evse.connectors.some((c) => c.assumed);
  return h(
    'span', { title: assumed ? t('station.assumed') : null }, text,
    assumed ? h('span.mute', null, ` · ${t('station.assumed.short')}`) : ''
  );
}

function sessionLink(station, evse) {
  const session = sessionAt(station, evse);
  if (!session) return none;
  return h('a', { href: path`/sessions/${session.id}` }, session.token?.uid ?? word('session', session.state));
}

function drawFacts(list, s) {
  const fact = (label, value) => [h('dt', null, label), h('dd', null, value ?? none)];
  fill(list, [
    fact(t('fact.serial'), s.serial_number), fact(t('fact.firmware'), s.firmware_version),
    fact(t('fact.address'), s.address ? h('span.mono', null, s.address) : null),
    fact(t('fact.connected'), s.online ? ago(s.connected_at) : t('fact.connected.not')), fact(
      t('fact.booted'), ago(s.booted_at)
    ),
    fact(t('fact.security'), s.connection_profile === null || s.connection_profile === undefined
      ? null : t(`profile.${s.connection_profile}`)),
    fact(t('field.profile'), t(`profile.${s.security_profile}`)),
    s.certificate ? fact(t('fact.certificate'), certificateLine(s.certificate)) : [],
    s.undecided_keys ? fact(t('fact.undecided'), number(s.undecided_keys)) : [],
    fact(t('fact.password'), s.has_password ? t('yes') : t('fact.password.none')), fact(
      t('fact.registration'), word('registration', s.registration)
    ),
    fact(t('fact.since'), timeMark(s.created_at)),
  ]);
}

function certificateLine({ common_name: name, serial, matched_by: match, expires_at: end }) {
  return h('span', null, t('fact.certificate.value', { name, serial, end: end.slice(0, 10) }),
    h('span.mute', null, ` · ${t(`fact.certificate.${match}`)}`));
}

function drawOddities(place, station) {
  if (!station.oddities?.length) return;
  const table = new LiveTable({
    caption: t('station.oddities'), key: (o) => o.what,
    columns: [
      { id: 'what', label: t('col.what'), head: true, cell: (o) => word('oddity', o.what) },
      { id: 'count', label: t('col.count'), num: true, cell: (o) => number(o.count) },
      { id: 'last', label: t('col.last'), cell: (o) => ago(o.last_at) },
      { id: 'sample', label: t('col.sample'), wide: true, cut: true, cell: (o) => h('code', null, o.sample ?? '') },
    ],
  });
  table.show(station.oddities);
  fill(
    place,
    h(
      'section', null, h('div.section-head', null, h('h2', null, t('station.oddities')), mayRun() && doButton(t('station.oddities.read'), async () => {
        await remove(path`/stations/${station.id}/oddities`);
        place.replaceChildren();
        touchStation(station.id);
      }, { said: t('station.oddities.gone') })), h('p.mute', null, t('station.oddities.text')),
      table.element
    )
  );
}

// Messages, commands, history

async function drawMessages(place, { station }, { signal }) {
  const view = messageTable({
    signal, filter: () => ({ peer: station.id, door: 'ocpp' }), columns: ['time', 'direction', 'action', 'text'],
  });
  const kept = parkedSection({ signal, station: station.id });
  const link = h('a', { href: path`/messages?peer=${station.id}` }, t('station.messages.filter'));
  fill(place, kept.element, h('div', null, h('p', null, link), view.element));
  await Promise.all([view.begin(), kept.begin()]);
}

async function drawCommands(place, { station }, { signal }) {
  const table = new LiveTable({
    caption: t('station.tab.commands'), key: (c) => c.id, empty: () => h('p', null, t('station.commands.none')),
    columns: [
      { id: 'at', label: t('col.time'), head: true, cell: (c) => timeMark(c.created_at) },
      { id: 'verb', label: t('col.command'), cell: (c) => word('verb', c.verb) },
      { id: 'phase', label: t('col.phase'), cell: (c) => mark('command', c.phase) },
      {
        id: 'took', label: t('col.took'), num: true, calm: true, sig: (c) => c.phase + c.updated_at,
        cell: (c) => (c.phase === 'sent' ? none : commandTook(c)),
      },
      { id: 'origin', label: t('col.by'), cut: true, cell: (c) => who(c.origin) },
      { id: 'detail', label: t('col.detail'), cut: true, cell: (c) => brief(c.detail) || none },
      { id: 'answer', label: t('col.answer'), wide: true, cut: true, cell: (c) => inWords(c.answer) || none },
      {
        id: 'session', label: t('col.session'),
        cell: (c) => (c.session ? h('a', { href: path`/sessions/${c.session}` }, t('command.session')) : none),
      },
    ],
  });
  const list = pager({
    signal, load: (cursor) => get(path`/stations/${station.id}/commands`, { limit: 100, cursor }, { signal }),
    draw: (items, fresh) => (fresh ? table.showNow(items) : table.show(items)),
  });
  fill(place, h('div.buttons', null, csvButton(path`/stations/${station.id}/commands`)), table.element, list.element);
  onNews(
    ({ events }) => { if (events?.some(
      (e) => e.kind.startsWith('command.') && e.station === station.id
    )) list.refresh(); },
    signal
  );
  await list.begin();
}

function brief(detail) {
  return Object.entries(detail ?? {}).filter(([, value]) => value !== null && !(Array.isArray(value) && value.length === 0))
    .map(([name, value]) => `${name.replaceAll('_', ' ')} ${typeof value === 'object' ? JSON.stringify(value) : value}`).join(', ');
}

async function drawHistory(place, { station }, context) {
  const { signal } = context;
  const statuses = statusSection(station, context);
  const table = historyTable();
  const list = pager({
    signal, key: (e) => e.seq, load: (cursor) => get(
      '/events', { subject: `station/${station.key}`, newest: true, limit: 100, cursor }, { signal }
    ),
    draw: (items, fresh) => (fresh ? table.showNow(items) : table.show(items)),
  });
  fill(place, h('section', null, h('h2', null, t('station.events')), table.element, list.element), statuses.element);
  onNews(({ events }) => {
    if (!events?.some((e) => e.station === station.id)) return;
    list.refresh();
    if (events.some((e) => e.kind === 'evse.status' || e.kind.endsWith('connected'))) statuses.begin();
  }, signal);
  await Promise.all([list.begin(), statuses.begin()]);
}

function historyTable() {
  return new LiveTable({
    caption: t('station.tab.history'), key: (e) => e.seq, empty: () => h('p', null, t('station.history.none')),
    columns: [
      { id: 'at', label: t('col.time'), head: true, cell: (e) => timeMark(e.at) },
      { id: 'ago', label: t('col.ago'), calm: true, cell: (e) => ago(e.at) },
      { id: 'what', label: t('col.what'), wide: true, cell: (e) => h('span', null, eventLine(e)) },
      { id: 'kind', label: t('col.kind'), cell: (e) => h('code', null, e.kind) },
    ],
  });
}
