// What energy costs and what it does to the climate: the series by which margins, grams of CO2 and prices are reckoned.

import { get, mayRunAll, me, post, remove, replace } from '../api.js';
import { locations } from '../books.js';
import { formDialog } from '../dialog.js';
import { h, path, query as queryOf } from '../dom.js';
import { amount, none, number, timeMark } from '../format.js';
import { filterBar, given } from '../forms.js';
import { t } from '../i18n.js';
import { linesDialog, seriesSection, spanDialog } from '../series.js';
import { inZone, zoneHint, zoneOf } from '../zones.js';
import { askPrice } from './analytics-compare.js';

const tabs = { cost: costSection, carbon: carbonSection, grid: gridSection };
const gridDays = ['3', '7', '31'];
const quarter = 900_000;

export async function show({ root, signal, query, head, keep }) {
  const tab = query.get('tab') in tabs ? query.get('tab') : 'cost';
  head({ title: t('energy.title'), sub: t('energy.sub'), back: { href: '/analytics', label: t('nav.analytics') } });
  if (me.sites !== null) return root.append(h('p', null, t('energy.whole')));
  await locations.ready().catch(() => {});
  if (signal.aborted) return;
  const bar = filterBar(tab === 'grid' ? [
    { name: 'area', type: 'text', label: t('energy.area'), placeholder: t('energy.area.example'), value: query.get('area') ?? remembered(), size: 20 },
    { name: 'days', type: 'select', label: t('analytics.span'), value: query.get('days'), options: gridDays.map((n) => ({ value: n, label: t('analytics.days', { n: Number(n) }) })) },
  ] : [
    { name: 'location', type: 'select', label: t('col.site'), value: query.get('location'), options: [{ value: '', label: t('energy.everywhere') }, ...locations.list().map((s) => ({ value: String(s.id), label: s.name }))] },
  ], () => {
    keep({ ...(tab === 'cost' ? {} : { tab }), ...bar.values() });
    section.begin();
  });
  const section = tabs[tab](() => bar.values(), signal);
  root.append(h('nav.tabs', { 'aria-label': t('energy.title') }, h('ul', null, Object.keys(tabs).map((name) => h('li', null, h('a', {
    href: name === 'cost' ? '/energy' : `/energy?tab=${name}`, 'aria-current': name === tab ? 'page' : null,
  }, t(`energy.${name}`)))))), h('div', null, bar, section.element));
  await section.begin();
}

const shelf = 'ostler.area';
function remembered() { try { return localStorage.getItem(shelf) ?? ''; } catch { return ''; } }
function remember(area) { try { localStorage.setItem(shelf, area); } catch { /* It is typed again. */ } }

const begin = (one) => ({ from: one.begins_at, to: new Date(new Date(one.begins_at).getTime() + 1000).toISOString() });

function costSection(values, signal) {
  const refresh = () => section.begin();
  const there = () => values().location;
  const section = seriesSection({
    title: t('energy.cost'), text: t('energy.cost.text'), empty: t('energy.cost.none'), signal,
    read: async () => (await get('/energy-prices', { location: there() }, { signal })).items,
    columns: [
      { id: 'price', label: t('analytics.price.value'), num: true, cell: (one) => amount(one.price_per_kwh, one.currency, 6) },
      { id: 'area', label: t('energy.area'), cell: (one) => (one.area ? h('a', { href: `/energy${queryOf({ tab: 'grid', area: one.area })}` }, one.area) : none) },
    ],
    buttons: mayRunAll() && [
      h('button', { type: 'button', on: { click: () => askPrice(locations.list(), there(), refresh) } }, t('energy.add')),
      h('button', { type: 'button', on: { click: () => linesDialog({
        title: t('energy.cost'), intro: t('energy.cost.lines'), example: '2026-11-01T00:00:00Z,0.2145', done: refresh,
        fields: [{ name: 'area', label: t('energy.area'), maxlength: 32, hint: t('analytics.price.area.hint'), cls: 'half' }, { name: 'currency', label: t('col.currency'), maxlength: 3, cls: 'half' }],
        send: (lines) => post('/energy-prices', given({ ...lines, location: Number(there()) || null }), { seconds: 120 }),
      }) } }, t('energy.lines')),
      h('button', { type: 'button', on: { click: () => spanDialog({
        title: t('energy.cost.remove'), text: t('energy.remove.text'), done: refresh, send: (span) => remove('/energy-prices' + queryOf({ location: there(), ...span })),
      }) } }, t('series.remove')),
    ],
    drop: mayRunAll() && ((one) => remove('/energy-prices' + queryOf({ location: there(), ...begin(one) })).then(refresh)),
  });
  return section;
}

function carbonSection(values, signal) {
  const refresh = () => section.begin();
  const there = () => values().location;
  const at = () => ({ location: Number(there()) || null });
  const zone = () => zoneOf(locations.list(), there());
  const section = seriesSection({
    title: t('energy.carbon'), text: t('energy.carbon.text'), empty: t('energy.carbon.none'), signal,
    read: async () => (await get('/carbon-factors', { location: there() }, { signal })).items,
    columns: [{ id: 'grams', label: t('energy.grams'), num: true, cell: (one) => number(one.grams_per_kwh, 1) }],
    buttons: [
      h('a.button', { href: '/reports' }, t('reports.title')),
      mayRunAll() && [
        h('button', { type: 'button', on: { click: () => formDialog({
          title: t('energy.carbon'), intro: t('energy.carbon.add'), submit: t('series.keep'), done: refresh,
          fields: [
            { name: 'from', type: 'datetime-local', label: t('series.begins'), required: true, cls: 'half', hint: zoneHint(zone()) },
            { name: 'grams', type: 'decimal', pattern: '[0-9]+([.,][0-9]+)?', label: t('energy.grams'), required: true, cls: 'half' },
          ],
          send: ({ from, grams }) => post('/carbon-factors', { ...at(), values: [{ begins_at: inZone(from, zone()).toISOString(), grams_per_kwh: grams }] }),
        }) } }, t('energy.add')),
        h('button', { type: 'button', on: { click: () => linesDialog({
          title: t('energy.carbon'), intro: t('energy.carbon.lines'), example: '2026-11-01T00:00:00Z,312.5', done: refresh,
          send: ({ csv }) => post('/carbon-factors', { ...at(), csv }, { seconds: 120 }),
        }) } }, t('energy.lines')),
        h('button', { type: 'button', on: { click: () => spanDialog({
          title: t('energy.carbon.remove'), text: t('energy.remove.text'), done: refresh, send: (span) => remove('/carbon-factors' + queryOf({ location: there(), ...span })),
        }) } }, t('series.remove')),
      ],
    ],
    drop: mayRunAll() && ((one) => remove('/carbon-factors' + queryOf({ location: there(), ...begin(one) })).then(refresh)),
  });
  return section;
}

function gridSection(values, signal) {
  const refresh = () => section.begin();
  const section = seriesSection({
    title: t('energy.grid'), text: t('energy.grid.text'), empty: t('energy.grid.none'), signal, begins: 'start',
    read: async () => {
      const { area, days } = values();
      if (!area) return [];
      remember(area);
      // What is known of tomorrow comes first.
      const to = Math.ceil(Date.now() / quarter) * quarter + 2 * 86_400_000;
      return (await get(path`/grid-prices/${area}`, { from: new Date(to - (Number(days) + 2) * 86_400_000).toISOString(), to: new Date(to).toISOString() }, { signal })).items;
    },
    columns: [
      { id: 'end', label: t('col.end'), cell: (one) => timeMark(one.end) },
      { id: 'price', label: t('energy.grid.price'), num: true, sort: (one) => Number(one.price_per_kwh), cell: (one) => number(one.price_per_kwh, 4) },
      { id: 'mwh', label: t('energy.grid.mwh'), num: true, cell: (one) => number(Number(one.price_per_kwh) * 1000, 2) },
    ],
    buttons: mayRunAll() && h('button.primary', { type: 'button', on: { click: () => linesDialog({
      title: t('energy.grid'), intro: t('energy.grid.lines'), example: '2026-11-29T00:00:00Z,84.20', done: refresh,
      fields: [{ name: 'area', label: t('energy.area'), required: true, maxlength: 32, value: values().area, hint: t('energy.area.hint') }],
      send: ({ area, csv }) => replace(path`/grid-prices/${area}`, { items: pointsOf(csv) }, { seconds: 120 }),
    }) } }, t('energy.lines')),
  });
  return section;
}

// A time says its zone, or an hour would be another one at each reader's.
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/;

/// Lines of a time and a price per MWh, with or without a line of names. A comma within quotes, or beside semicolons, is a
/// decimal one; names that speak of kWh are those of another series.
function pointsOf(csv) {
  return csv.split(/\r?\n/).flatMap((line, i) => {
    if (!line.trim()) return [];
    const outside = /(?=(?:[^"]*"[^"]*")*[^"]*$)/.source;
    const cells = line.split(new RegExp((line.includes(';') ? ';' : ',') + outside)).map((cell) => cell.replace(/["\s]/g, ''));
    const price = cells[1]?.replace(',', '.');
    if (cells.length === 2 && instant.test(cells[0]) && /^-?\d+(\.\d+)?$/.test(price)) return [{ start: new Date(cells[0]).toISOString(), price_per_mwh: price }];
    if (i === 0 && !instant.test(cells[0]) && !/kwh/i.test(line)) return [];
    throw Object.assign(new Error(t('energy.line', { n: i + 1 })), { title: t('form.check'), word: 'form', field: 'csv' });
  });
}
