// How stations are used: by the hours of the week, over time, by connector, and which hours are empty; and beside it money,
// failures, partners and next week.

import { get, mayRunAll, me } from '../api.js';
import { locations } from '../books.js';
import { fill, h, path, query as queryOf, shape } from '../dom.js';
import { reading } from '../dialog.js';
import { amount, day, duration, kilowattHours, none, number } from '../format.js';
import { filterBar } from '../forms.js';
import { locale, t, word } from '../i18n.js';
import { later } from '../rest.js';
import { LiveTable } from '../table.js';
import { askPrice, failureTable, forecastChart, marginTable, partnerTable } from './analytics-compare.js';

export async function show({ root, signal, query, head, keep }) {
  head({
    title: t('nav.analytics'), sub: t('analytics.sub'), buttons: [h('a.button', { href: '/reports' }, t('reports.title')),
      me.sites === null && [h('a.button', { href: '/energy' }, t('energy.title')), h('a.button', { href: '/effect' }, t('effect.title'))]],
  });
  await locations.ready().catch(() => {});
  const bar = filterBar([
    { name: 'days', type: 'select', label: t('analytics.span'), value: query.get('days') ?? '28', options: [7, 28, 91, 364].map((n) => ({ value: String(n), label: t('analytics.days', { n }) })) },
    { name: 'location', type: 'select', label: t('col.site'), value: query.get('location'), options: [{ value: '', label: t('analytics.all') }, ...locations.list().map((s) => ({ value: String(s.id), label: s.name }))] },
    { name: 'failures', type: 'select', label: t('analytics.failures'), value: query.get('failures') ?? 'code', options: ['code', 'station', 'model'].map((by) => ({ value: by, label: t(`analytics.failures.${by}`) })) },
  ], () => { keep(bar.values()); draw(); });
  const place = h('div.stack');
  root.append(bar, place);
  let round = 0;   // Whoever chooses twice sees what was chosen last.
  const draw = () => reading(place, drawAll, signal);
  await draw();

  async function drawAll() {
    const mine = ++round;
    const { days, location, failures: by } = bar.values();
    // Days, which begin by the clock of the house and not by the reader's.
    const values = { location, from: dateIn(1 - Number(days)), to: dateIn(1) };
    // What partners bring and which hours are empty is of the whole house.
    const isWhole = me.sites === null;
    const [usage, map, connectors, empty, margin, failures, partners, forecast] = await Promise.all([
      get('/insight/usage', { ...values, by: Number(days) > 100 ? 'week' : 'day' }, { signal }), get('/insight/heatmap', values, { signal }),
      get('/insight/connectors', values, { signal }), isWhole && get('/insight/off-peak', values, { signal }),
      get('/insight/margin', { ...values, by: 'location' }, { signal }), get('/insight/failures', { ...values, by }, { signal }),
      isWhole && get('/insight/partners', { from: values.from, to: values.to }, { signal }), get('/insight/forecast', { location }, { signal }),
    ]);
    if (mine !== round) return false;
    const csv = (what, more = {}) => h('a.button', { href: `/api/v1/insight/${what}.csv${queryOf({ ...values, ...more })}`, download: `${what}.csv` }, 'CSV');
    fill(place, figures(usage), h('section', null, h('div.section-head', null, h('h2', null, t('analytics.heatmap')), h('div.buttons', null, csv('heatmap'))),
      h('p.mute', null, t('analytics.heatmap.text', { n: map.evses })), heatmap(map), isWhole && emptyHours(empty), isWhole && mayRunAll() && empty.items.length > 0 && h('p', null, h('button', { type: 'button', on: { click: async () => (await later('discounts')).offerDiscounts(values) } }, t('discount.open')))),
    h('section', null, h('div.section-head', null, h('h2', null, t('analytics.time')), h('div.buttons', null, csv('usage'))), bars(usage), usageTable(usage)),
    h('section', null, h('div.section-head', null, h('h2', null, t('analytics.connectors')), h('div.buttons', null, csv('connectors'))), connectorTable(connectors)),
    h('section', null, h('div.section-head', null, h('h2', null, t('analytics.margin')), h('div.buttons', null,
      mayRunAll() && h('button', { type: 'button', on: { click: () => askPrice(locations.list(), location, draw) } }, t('analytics.price.title')), csv('margin', { by: 'location' }))), marginTable(margin)),
    h('section', null, h('div.section-head', null, h('h2', null, t('analytics.failures')), h('div.buttons', null, csv('failures', { by }))), failureTable(failures)),
    isWhole && h('section', null, h('div.section-head', null, h('h2', null, t('analytics.partners')), h('div.buttons', null, csv('partners', { location: '' }))), partnerTable(partners)),
    h('section', null, h('div.section-head', null, h('h2', null, t('analytics.forecast')), h('div.buttons', null, csv('forecast', { from: '', to: '' }))), forecastChart(forecast, usage.zone)));
  }
}

/// The date so many days from now.
function dateIn(days) {
  const date = new Date();
  date.setDate(date.getDate() + days);
  return [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, '0')).join('-');
}

const share = (value) => (value === null ? none : `${number(Number(value) * 100, 1)} %`);
const money = (list) => (list.length ? list.map((one) => amount(one.excl_vat, one.currency)).join(' · ') : none);

function figures({ total, evses }) {
  const figure = (label, value) => h('div', null, h('dt', null, label), h('dd.fig', null, value));
  return h('section', { 'aria-label': t('analytics.figures') }, h('dl.kpis', null, figure(t('col.energy'), kilowattHours(total.energy_kwh, 1)), figure(t('nav.sessions'), number(total.sessions)),
    figure(t('analytics.revenue'), money(total.revenue)), figure(t('analytics.utilisation'), share(total.utilisation)), figure(t('analytics.plug_ins'), share(total.plug_in_success)), figure(t('col.evses'), number(evses))));
}

/// Seven rows of twenty-four: a table, so that it is read without seeing colours.
function heatmap({ items }) {
  const most = Math.max(...items.map((one) => Number(one.utilisation ?? 0)), 0.0001);
  const names = Array.from({ length: 7 }, (_, i) => new Intl.DateTimeFormat(locale, { weekday: 'short', timeZone: 'UTC' }).format(new Date(Date.UTC(2024, 0, 1 + i))));
  const at = new Map(items.map((one) => [`${one.weekday} ${one.hour}`, one]));
  return h('div.heat-box', { tabindex: '0', role: 'region', 'aria-label': t('analytics.heatmap') }, h('table.heat', null, h('caption.out-of-sight', null, t('analytics.heatmap')),
    h('thead', null, h('tr', null, h('td', null), Array.from({ length: 24 }, (_, hour) => h('th', { scope: 'col' }, hour % 3 ? h('span.out-of-sight', null, String(hour)) : String(hour))))),
    h('tbody', null, names.map((name, i) => h('tr', null, h('th', { scope: 'row' }, name), Array.from({ length: 24 }, (_, hour) => {
      const one = at.get(`${i + 1} ${hour}`);
      const value = Number(one?.utilisation ?? 0);
      const step = value === 0 ? 0 : Math.max(1, Math.ceil((value / most) * 6));
      return h('td', { data: { step }, title: t('analytics.cell', { day: name, hour, share: share(one?.utilisation ?? null), kwh: number(one?.energy_kwh ?? 0, 1), n: one?.sessions ?? 0 }) }, h('span.out-of-sight', null, share(one?.utilisation ?? null)));
    }))))));
}

function emptyHours(view) {
  const { items } = view;
  if (!view.enough) return h('p.mute', null, t('analytics.empty.few', view));
  if (!items.length) return null;
  return h('p', null, t('analytics.empty'), ' ', items.map((hours, i) => [i ? '; ' : '', t('analytics.empty.one', {
    days: hours.days.map((name) => word('day', name.toLowerCase())).join(', '), from: String(hours.from_hour).padStart(2, '0'), to: String(hours.to_hour).padStart(2, '0'),
    share: share(hours.utilisation), discount: hours.discount_percent,
  })]));
}

function bars({ items, zone, total }) {
  if (!total.sessions && !Number(total.energy_kwh)) return null;
  const [width, height] = [1000, 160];
  const most = Math.max(...items.map((one) => Number(one.energy_kwh)), 0.001);
  const svg = shape('svg', { viewBox: `0 0 ${width} ${height}`, class: 'chart bars', role: 'img', preserveAspectRatio: 'none', 'aria-label': t('analytics.bars', { most: number(most, 1) }) });
  const step = width / Math.max(items.length, 1);
  items.forEach((one, i) => {
    const tall = (Number(one.energy_kwh) / most) * (height - 8);
    svg.append(shape('rect', { x: i * step + step * 0.12, y: height - tall, width: step * 0.76, height: Math.max(tall, 0.5), class: 'bar-fill' }, shape('title', {}, `${day(one.start, zone)}: ${kilowattHours(one.energy_kwh, 1)}`)));
  });
  return h('figure.chart-box', null, h('figcaption.chart-note', null, t('analytics.bars', { most: number(most, 1) })), svg, axis(items.map((one) => day(one.start, zone))));
}

/// Some of the dates below a chart, from its first to its last.
function axis(names) {
  const few = Math.min(names.length, 5);
  const places = Array.from({ length: few }, (_, i) => Math.round((i * (names.length - 1)) / Math.max(few - 1, 1)));
  return h('div.axis', { 'aria-hidden': 'true' }, places.map((place) => h('span', null, names[place])));
}

function usageTable({ items, zone, from, to }) {
  const table = new LiveTable({
    caption: t('analytics.time'), key: (one) => one.start,
    empty: () => h('p.mute', null, t('analytics.none', { from: day(from, zone), to: day(new Date(to).getTime() - 1, zone) })), sort: { by: 'start', down: true },
    columns: [
      { id: 'start', label: t('col.start'), head: true, sort: (one) => one.start, cell: (one) => day(one.start, zone) },
      { id: 'energy', label: t('col.energy'), num: true, sort: (one) => Number(one.energy_kwh), cell: (one) => kilowattHours(one.energy_kwh, 1) },
      { id: 'sessions', label: t('nav.sessions'), num: true, sort: (one) => one.sessions, cell: (one) => number(one.sessions) },
      { id: 'busy', label: t('analytics.busy'), num: true, cell: (one) => duration(one.busy_seconds) },
      { id: 'utilisation', label: t('analytics.utilisation'), num: true, sort: (one) => Number(one.utilisation), cell: (one) => share(one.utilisation) },
      { id: 'revenue', label: t('analytics.revenue'), num: true, cell: (one) => money(one.revenue) },
    ],
  });
  table.show(items.filter((one) => one.sessions || Number(one.energy_kwh)));
  return table.element;
}

function connectorTable({ items }) {
  const table = new LiveTable({
    caption: t('analytics.connectors'), key: (one) => `${one.station}/${one.evse}/${one.connector}`, empty: () => h('p.mute', null, t('list.none')),
    columns: [
      { id: 'station', label: t('col.station'), head: true, sort: (one) => one.station ?? '', cell: (one) => (one.station ? h('a.id', { href: path`/stations/${one.station}` }, `${one.station} · ${one.evse}`) : t('analytics.gone')) },
      { id: 'energy', label: t('col.energy'), num: true, sort: (one) => Number(one.energy_kwh), cell: (one) => kilowattHours(one.energy_kwh, 1) },
      { id: 'sessions', label: t('nav.sessions'), num: true, sort: (one) => one.sessions, cell: (one) => number(one.sessions) },
      { id: 'busy', label: t('analytics.busy'), num: true, sort: (one) => one.busy_seconds, cell: (one) => duration(one.busy_seconds) },
      { id: 'idle', label: t('analytics.idle'), num: true, sort: (one) => one.idle_seconds, cell: (one) => duration(one.idle_seconds) },
      { id: 'utilisation', label: t('analytics.utilisation'), num: true, sort: (one) => Number(one.utilisation), cell: (one) => share(one.utilisation) },
      { id: 'plug_ins', label: t('analytics.plug_ins'), num: true, sort: (one) => Number(one.plug_in_success ?? 2), cell: (one) => share(one.plug_in_success) },
      { id: 'revenue', label: t('analytics.revenue'), num: true, cell: (one) => money(one.revenue) },
    ],
  });
  table.show(items);
  return table.element;
}
