// The statuses of a station's EVSEs one after the other, as reports of uptime stand on them, month by month.

import { get } from './api.js';
import { reading } from './dialog.js';
import { h, path } from './dom.js';
import { duration, month, none, now, number, timeMark } from './format.js';
import { filterBar } from './forms.js';
import { t } from './i18n.js';
import { csvButton } from './lists.js';
import { mark } from './states.js';
import { LiveTable } from './table.js';

const months = 13;

export function statusSection(station, { signal, query, keep }) {
  const date = new Date(now());
  const last = Array.from({ length: months }, (_, i) => new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - i, 1)).toISOString().slice(0, 7));
  let bar = null;
  const chosen = () => bar?.values().month ?? query.get('month') ?? last[0];
  const span = () => {
    const [year, at] = chosen().split('-').map(Number);
    return { from: new Date(Date.UTC(year, at - 1, 1)).toISOString(), to: new Date(Date.UTC(year, at, 1)).toISOString() };
  };
  bar = filterBar([
    { name: 'month', type: 'select', label: t('reports.period'), value: query.get('month') ?? last[0], options: last.map((value) => ({ value, label: month(value) })) },
    { name: 'evse', type: 'select', label: t('col.evse'), value: query.get('evse'), options: [{ value: '', label: t('field.evse.whole') }, ...station.evses.map((e) => ({ value: String(e.number), label: `${t('col.evse')} ${e.number}` }))] },
  ], () => {
    keep({ tab: 'history', ...bar.values() });
    begin();
  }, csvButton(path`/stations/${station.id}/status-history`, () => span()));
  const table = new LiveTable({
    caption: t('statuses.title'), key: (one) => `${one.evse} ${one.at} ${one.status}`, empty: () => h('p.mute', null, t('statuses.none')),
    columns: [
      { id: 'at', label: t('col.time'), head: true, cell: (one) => timeMark(one.at, station.location?.time_zone) },
      { id: 'evse', label: t('col.evse'), num: true, cell: (one) => number(one.evse) },
      { id: 'status', label: t('col.state'), cell: (one) => mark('evse', one.status) },
      { id: 'lasted', label: t('col.duration'), num: true, cell: (one) => (one.until === null ? none : duration((new Date(one.until) - new Date(one.at)) / 1000)) },
      { id: 'reason', label: t('walk.reason'), wide: true, cut: true, cell: (one) => one.reason ?? none },
    ],
  });
  const place = h('div');
  let round = 0;
  const begin = () => reading(place, async () => {
    const mine = ++round;
    const { items } = await get(path`/stations/${station.id}/status-history`, span(), { signal });
    if (mine !== round) return false;
    const { evse } = bar.values();
    return table.showNow(withEnds(items).filter((one) => !evse || one.evse === Number(evse)).sort((a, b) => (a.at < b.at ? 1 : -1)));
  }, signal);
  return { begin, element: h('section', null, h('h2', null, t('statuses.title')), h('p.mute', null, t('statuses.text')), bar, place, table.element) };
}

/// Each with the time of the next one at its EVSE.
function withEnds(items) {
  const next = new Map();
  return items.toReversed().map((one) => {
    const until = next.get(one.evse) ?? null;
    next.set(one.evse, one.at);
    return { ...one, until };
  }).reverse();
}
