// Times in which outages do not count: listed, written down, and taken back.

import { mayRunAll, post, remove } from './api.js';
import { locations, stations } from './books.js';
import { formDialog } from './dialog.js';
import { h, path } from './dom.js';
import { none, timeMark } from './format.js';
import { given } from './forms.js';
import { t, word } from './i18n.js';
import { who } from './events.js';
import { listSection, sure } from './lists.js';

const causes = ['scheduled_maintenance', 'utility_interruption', 'vandalism', 'vehicle_fault', 'natural_disaster', 'other'];

/// Where one counts: an EVSE, a station, a site, or all.
export function scopeOf({ location, station_id: key, evse_id: evse }) {
  const station = stations.list().find((one) => (evse ? one.evses.some((e) => e.id === evse) : one.key === key));
  if (evse || key) {
    const number = evse && station?.evses.find((e) => e.id === evse)?.number;
    return station ? h('a.id', { href: path`/stations/${station.id}` }, station.id, number ? ` · ${number}` : '') : t('sessions.removed');
  }
  return location ? locations.get(location)?.name ?? none : t('analytics.all');
}

/// What is said of one, for its own list and for that of a report.
export const downtimeColumns = () => [
  { id: 'begins', label: t('col.start'), head: true, cell: (one) => timeMark(one.begins_at) },
  { id: 'ends', label: t('col.end'), cell: (one) => (one.ends_at ? timeMark(one.ends_at) : t('downtime.open')) },
  { id: 'where', label: t('col.where'), cell: scopeOf },
  { id: 'cause', label: t('downtime.cause'), cell: (one) => word('cause', one.cause) },
  { id: 'note', label: t('roaming.note'), wide: true, cut: true, cell: (one) => one.note ?? none },
];

export function downtimeList(signal) {
  const list = listSection({
    title: t('downtime.title'), text: t('downtime.text'), empty: t('downtime.none'), url: '/downtimes', csv: true, signal, key: (one) => one.id,
    name: (one) => word('cause', one.cause), news: (e) => e.kind === 'downtime.changed',
    buttons: mayRunAll() && h('button.primary', { type: 'button', on: { click: () => add(() => list.begin()) } }, t('downtime.add')),
    actions: mayRunAll() ? (one) => [{
      label: t('downtime.remove'), key: 'x', danger: true,
      run: () => sure(t('downtime.remove'), t('downtime.remove.text'), t('downtime.remove'), () => remove(path`/downtimes/${one.id}`), () => list.begin()),
    }] : undefined,
    columns: [...downtimeColumns(), { id: 'by', label: t('col.by'), cut: true, cell: (one) => who(one.origin) }],
  });
  return list;
}

function add(done) {
  const evses = (id) => [{ value: '', label: t('field.evse.whole') }, ...(stations.get(id)?.evses ?? []).map((e) => ({ value: String(e.number), label: String(e.number) }))];
  formDialog({
    title: t('downtime.add'), intro: t('downtime.add.text'), submit: t('downtime.add'), cls: 'wide', done,
    fields: [
      { name: 'location', type: 'select', label: t('col.site'), cls: 'half', options: [{ value: '', label: t('analytics.all') }, ...locations.list().map((s) => ({ value: String(s.id), label: s.name }))] },
      { name: 'station', label: t('col.station'), cls: 'half', mono: true, list: stations.list().slice(0, 500).map((s) => ({ value: s.id })), hint: t('downtime.station.hint'), on: { input: ({ target }) => {
        const select = target.form.elements.evse;
        select.replaceChildren(...evses(target.value.trim()).map(({ value, label }) => h('option', { value }, label)));
      } } },
      { name: 'evse', type: 'select', label: t('field.evse'), cls: 'half', options: evses(null) },
      { name: 'cause', type: 'select', label: t('downtime.cause'), required: true, cls: 'half', options: causes.map((value) => ({ value, label: word('cause', value) })) },
      { name: 'from', type: 'datetime-local', label: t('col.start'), required: true, cls: 'half' },
      { name: 'to', type: 'datetime-local', label: t('col.end'), cls: 'half', hint: t('downtime.to.hint') },
      { name: 'note', label: t('roaming.note'), maxlength: 255, hint: t('downtime.note.hint') },
    ],
    send: ({ location, station, evse, from, to, cause, note }) => post('/downtimes', given({
      location: station ? null : Number(location) || null, station, evse: station ? Number(evse) || null : null, cause, note,
      begins_at: new Date(from).toISOString(), ends_at: to && new Date(to).toISOString(),
    })),
  });
}
