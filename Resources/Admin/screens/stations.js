// All stations as one live table: what each does, where it stands, and what can be done with it.

import { mayHelp, mayRunAll, patch, post } from '../api.js';
import { stationActions } from '../actions.js';
import { knocks, locations, openSessions, powerOf, sessionAt, stations } from '../books.js';
import { bulkBar, Selection } from '../bulk.js';
import { formDialog } from '../dialog.js';
import { fill, h, path, put } from '../dom.js';
import { ago, kilowattHours, kilowatts, none } from '../format.js';
import { filterBar, given } from '../forms.js';
import { t, word } from '../i18n.js';
import { importButton } from '../imports.js';
import { go } from '../keys.js';
import { csvButton, orderOf } from '../lists.js';
import { shown } from '../knocks.js';
import { countNote, LiveTable } from '../table.js';
import { glyph, mark, stateOf } from '../states.js';
import { connectBox } from './first-run.js';
import { savedViews } from '../views.js';

const statuses = ['online', 'offline', 'charging', 'available', 'preparing', 'finishing', 'suspended_ev', 'suspended_evse', 'reserved', 'unavailable', 'faulted',
  'unknown', 'pending', 'rejected'];

export async function show({ root, signal, query, head, keep }) {
  const csv = csvButton('/stations', () => {
    const { q, status, site } = Object.fromEntries(new URLSearchParams(location.search));
    return { q, status, location: site };
  });
  head({
    title: t('nav.stations'), sub: t('stations.sub'),
    buttons: [csv, mayRunAll() && [importButton('stations'), h('button', { type: 'button', on: { click: addDialog } }, t('stations.add'))]],
  });
  openSessions.ready().catch(() => {});
  const loaded = stations.ready();
  loaded.catch(() => {});   // It is awaited below.
  await locations.ready();
  if (signal.aborted) return;
  const note = h('span.mute.count');
  const sites = locations.list();
  const bar = filterBar([
    { name: 'q', type: 'search', label: t('stations.filter'), value: query.get('q') },
    {
      name: 'status', type: 'select', label: t('stations.status'), value: query.get('status'),
      options: [
        { value: '', label: t('stations.status.all') }, ...statuses.map((s) => ({ value: s, label: word('evse', s) }))
      ],
    },
    sites.length > 1 && {
      name: 'site', type: 'select', label: t('stations.site'), value: query.get('site'),
      options: [
        { value: '', label: t('stations.site.all') }, ...sites.map((s) => ({ value: String(s.id), label: s.name }))
      ],
    },
  ].filter(Boolean), () => {
    changed();
    table.showNow(rows());
    selection.tell();
  }, note, savedViews('stations'));
  const order = orderOf(query, () => changed(), false);
  function changed() { keep({ ...bar.values(), sort: order.text }); }
  let listed = [];
  const selection = new Selection(() => listed);
  const table = stationTable(() => h('div', null, h(
    'h2', null, stations.items.size ? t('stations.none.filtered') : t('stations.none')
  ),
    stations.items.size ? null : connectBox()), { order, picks: mayHelp() && selection.column });
  const many = mayHelp() && bulkBar(selection, table, signal);
  const strangers = knockTable(signal);
  put(root, strangers, bar, table.element, many);
  const rows = () => {
    const { q = '', status = '', site = '' } = bar.values();
    const text = q.toLowerCase();
    const all = stations.list();
    const found = all.filter(
      (s) => matches(s, text) && (!status || fits(s, status)) && (!site || String(s.location?.id) === site)
    );
    fill(note, countNote(found.length, all.length));
    listed = found;
    return found;
  };
  stations.listen(() => table.show(rows()), signal);
  openSessions.listen(() => table.show(rows()), signal);
  if (stations.items.size) table.show(rows());
  await loaded;
  table.show(rows());
}

function matches(station, text) {
  return !text || [station.id, station.vendor, station.model, station.serial_number, station.location?.name]
    .some((field) => field?.toLowerCase().includes(text));
}

function fits(station, status) {
  if (status === 'online') return station.online;
  if (status === 'offline') return !station.online;
  if (status === 'pending' || status === 'rejected') return station.registration === status;
  return station.evses.some((evse) => evse.status === status);
}

/// The table, also for a site.
export function stationTable(empty, { isOneSite, picks, order } = {}) {
  return new LiveTable({
    caption: t('nav.stations'), key: (s) => s.id, href: (s) => path`/stations/${s.id}`, actions: (s) => stationActions(s), empty,
    tone: (s) => (s.online ? '' : 'off'), sort: { by: 'id' }, order, stamp: () => openSessions.version,
    columns: [
      picks,
      {
        id: 'id', label: t('col.station'), head: true, sort: (s) => s.id,
        cell: (s) => h('a.id', { href: path`/stations/${s.id}` }, s.id),
      },
      {
        id: 'state', label: t('col.state'), sort: (s) => word('evse', stateOf(s)),
        cell: (s) => mark('evse', stateOf(s)),
      },
      !isOneSite && {
        id: 'site', label: t('col.site'), sort: (s) => s.location?.name, cut: true,
        cell: (s) => s.location?.name ?? none,
      },
      { id: 'evses', label: t('col.evses'), cell: evseMarks },
      { id: 'power', label: t('col.power'), num: true, sort: powerOf, cell: (s) => kilowatts(powerOf(s)) },
      {
        id: 'energy', label: t('col.energy'), num: true, sort: (s) => energyOf(s),
        cell: (s) => kilowattHours(energyOf(s)),
      },
      {
        id: 'model', label: t('col.model'), sort: (s) => `${s.vendor ?? ''} ${s.model ?? ''}`, cut: true,
        cell: (s) => [s.vendor, s.model].filter(Boolean).join(' ') || none,
      },
      { id: 'version', label: t('col.ocpp'), sort: (s) => s.version, cell: (s) => s.version ?? none },
      {
        id: 'seen', label: t('col.seen'), calm: true, sort: (s) => s.last_seen_at, cell: (s) => ago(s.last_seen_at),
        sig: (s) => s.last_seen_at,
      },
    ].filter(Boolean),
  });
}

function energyOf(station) {
  const sums = station.evses.map((evse) => sessionAt(station, evse)?.energy_kwh).filter(
    (kwh) => kwh !== undefined && kwh !== null
  );
  return sums.length ? sums.reduce((sum, kwh) => sum + Number(kwh), 0) : null;
}

/// Each EVSE by number and shape, with its word for those who do not see the shape; the word is shown where there is one only.
function evseMarks(station) {
  if (station.evses.length === 0) return none;
  const list = h('span.evses', null, station.evses.map((evse) => {
    const text = `${evse.number}: ${word('evse', evse.status)}`;
    const one = h(
      'span.evse', { title: text }, glyph('evse', evse.status),
      h('span', { 'aria-hidden': 'true' }, String(evse.number)), h('span.out-of-sight', null, `${text}. `)
    );
    return one;
  }));
  list.sig = station.evses.map((evse) => `${evse.number}${evse.status}`).join();
  return list;
}

/// The strangers for whom the banner has no room, and those that are ignored, so that nobody is forgotten.
function knockTable(signal) {
  const section = h('section', { id: 'knocks', hidden: true });
  const table = new LiveTable({
    caption: t('knock.region'), key: (k) => k.id,
    actions: (knock) => (mayRunAll() ? [{ label: t('knock.accept'), key: 'a', run: () => letIn(knock) }] : []),
    columns: [
      { id: 'id', label: t('col.station'), head: true, cell: (k) => h('span.id', null, k.id) },
      {
        id: 'state', label: t('col.state'),
        cell: (k) => mark('attention', 'station_knocking', k.ignored ? t('knock.is_ignored') : t('knock.is_waiting')),
      },
      { id: 'model', label: t('col.model'), cell: (k) => [k.vendor, k.model].filter(Boolean).join(' ') || none },
      { id: 'serial', label: t('col.serial'), cell: (k) => k.serial_number ?? none },
      { id: 'version', label: t('col.ocpp'), cell: (k) => k.version || none },
      { id: 'address', label: t('col.address'), cell: (k) => h('span.mono', null, k.address) },
      { id: 'since', label: t('col.since'), cell: (k) => ago(k.since) },
    ],
  });
  section.append(h('h2', null, t('knock.region')), table.element);
  const draw = () => {
    const waiting = knocks.list().filter((knock) => !knock.ignored);
    const all = [...waiting.slice(shown), ...knocks.list().filter((knock) => knock.ignored)];
    section.hidden = all.length === 0;
    table.show(all);
  };
  knocks.listen(draw, signal);
  knocks.ready().then(draw, () => {});
  return section;
}

async function letIn(knock) {
  const station = await post(path`/knocks/${knock.id}/accept`, {});
  stations.put(station);
  knocks.drop(knock.id);
  go(path`/stations/${station.id}`);
}

function addDialog() {
  const sites = locations.list();
  formDialog({
    title: t('stations.add'), submit: t('stations.add.submit'), intro: t('stations.add.text'),
    fields: [
      {
        name: 'id', label: t('field.identity'), required: true, maxlength: 48, mono: true,
        hint: t('field.identity.hint'), pattern: '[^:]+',
      },
      {
        name: 'location', label: t('field.site'), type: 'select',
        options: [
          { value: '', label: t('field.site.first') }, ...sites.map((s) => ({ value: String(s.id), label: s.name }))
        ],
      },
      {
        name: 'evses', label: t('field.evses'), type: 'number', min: 1, max: 50, value: 1, hint: t('field.evses.hint'),
      },
      {
        name: 'password', label: t('field.basic'), type: 'text', mono: true, minlength: 16, maxlength: 40,
        hint: t('field.basic.hint'),
      },
    ],
    send: (values) => post(
      '/stations', given({ ...values, location: values.location ? Number(values.location) : null })
    ),
    done: (station) => {
      stations.put(station);
      go(path`/stations/${station.id}`);
    },
  });
}

/// Moves a station to another site.
export async function moveStation(station, location) {
  stations.put(await patch(path`/stations/${station.id}`, { location }));
}
