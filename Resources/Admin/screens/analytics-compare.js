// What is set side by side: revenue and what energy cost, what fails, partners, and next week against the weeks before.

import { post } from '../api.js';
import { formDialog } from '../dialog.js';
import { h, path, shape } from '../dom.js';
import { amount, day, duration, kilowattHours, moment, none, number } from '../format.js';
import { t, word } from '../i18n.js';
import { LiveTable } from '../table.js';
import { inZone, zoneOf } from '../zones.js';

const share = (value) => (value === null ? none : `${number(Number(value) * 100, 1)} %`);
const each = (moneys, name) => (moneys.length ? moneys.map((one) => amount(one[name], one.currency)).join(' · ') : none);

/// Revenue, cost and margin of each site; `changed` is called once a price of energy was kept.
export function marginTable({ total, items }) {
  const table = new LiveTable({
    caption: t('analytics.margin'), key: (one) => one.location, empty: () => h('p.mute', null, t('list.none')),
    columns: [
      { id: 'site', label: t('col.site'), head: true, sort: (one) => one.name ?? '', cell: (one) => one.name ?? none },
      { id: 'energy', label: t('col.energy'), num: true, sort: (one) => Number(one.energy_kwh), cell: (one) => kilowattHours(one.energy_kwh, 1) },
      { id: 'costed', label: t('analytics.costed'), num: true, cell: (one) => kilowattHours(one.costed_kwh, 1) },
      { id: 'revenue', label: t('analytics.revenue'), num: true, cell: (one) => each(one.moneys, 'revenue') },
      { id: 'cost', label: t('analytics.cost'), num: true, cell: (one) => (Number(one.costed_kwh) ? each(one.moneys, 'cost') : none) },
      { id: 'margin', label: t('analytics.margin.left'), num: true, cell: (one) => (Number(one.costed_kwh) ? each(one.moneys, 'margin') : none) },
    ],
  });
  table.show(items);
  const missing = Number(total.energy_kwh) - Number(total.costed_kwh);
  return [missing > 0.0001 ? h('p.mute', null, t('analytics.uncosted', { kwh: number(missing, 1) })) : null, table.element];
}

/// Asks what a kWh costs from a day on, which begins by the clock of its site, and of the first one for all.
export function askPrice(sites, location, done) {
  formDialog({
    title: t('analytics.price.title'), intro: t('analytics.price.text'), submit: t('analytics.price.keep'), done,
    fields: [
      { name: 'location', type: 'select', label: t('col.site'), value: location ?? '', options: [{ value: '', label: t('analytics.all') }, ...sites.map((site) => ({ value: String(site.id), label: site.name }))] },
      { name: 'from', type: 'date', label: t('analytics.price.from'), required: true },
      { name: 'price', type: 'decimal', label: t('analytics.price.value'), required: true },
      { name: 'area', label: t('analytics.price.area'), hint: t('analytics.price.area.hint'), maxlength: 32 },
    ],
    send: (values) => post('/energy-prices', {
      ...(values.location ? { location: Number(values.location) } : {}), ...(values.area ? { area: values.area } : {}),
      values: [{ begins_at: inZone(`${values.from}T00:00`, zoneOf(sites, values.location)).toISOString(), price_per_kwh: String(values.price).replace(',', '.') }],
    }),
  });
}

/// The most frequent first; `by` says what a line is.
export function failureTable({ by, items }) {
  const name = {
    station: (one) => (one.station ? h('a.id', { href: path`/stations/${one.station}` }, one.station) : t('analytics.gone')),
    model: (one) => [one.vendor, one.model].filter(Boolean).join(' ') || none,
    code: (one) => `${word('incident', one.kind)} · ${one.code}`,
  }[by];
  const table = new LiveTable({
    caption: t('analytics.failures'), key: (one) => `${one.station}/${one.vendor}/${one.model}/${one.kind}/${one.code}`, empty: () => h('p.mute', null, t('analytics.failures.none')),
    columns: [
      { id: 'what', label: t(`analytics.failures.${by}`), head: true, cell: name },
      { id: 'count', label: t('analytics.count'), num: true, sort: (one) => one.count, cell: (one) => number(one.count) },
      { id: 'share', label: t('analytics.share'), num: true, cell: (one) => share(one.share) },
      { id: 'so_far', label: t('analytics.share.so_far'), num: true, cell: (one) => share(one.share_so_far) },
      { id: 'seconds', label: t('analytics.lasted'), num: true, sort: (one) => one.seconds, cell: (one) => duration(one.seconds) },
      { id: 'stations', label: t('nav.stations'), num: true, cell: (one) => number(one.stations) },
    ],
  });
  table.show(items);
  return table.element;
}

export function partnerTable({ items }) {
  const table = new LiveTable({
    caption: t('analytics.partners'), key: (one) => one.partner ?? 0, empty: () => h('p.mute', null, t('list.none')),
    columns: [
      { id: 'partner', label: t('col.partner'), head: true, cell: (one) => (one.partner ? h('a', { href: path`/partners/${String(one.partner)}` }, one.name) : t('analytics.ours')) },
      { id: 'energy', label: t('col.energy'), num: true, sort: (one) => Number(one.energy_kwh), cell: (one) => kilowattHours(one.energy_kwh, 1) },
      { id: 'share', label: t('analytics.share'), num: true, cell: (one) => share(one.share) },
      { id: 'sessions', label: t('nav.sessions'), num: true, sort: (one) => one.sessions, cell: (one) => number(one.sessions) },
      { id: 'each', label: t('analytics.each'), num: true, cell: (one) => (one.kwh_per_session === null ? none : kilowattHours(one.kwh_per_session, 1)) },
      { id: 'revenue', label: t('analytics.revenue'), num: true, cell: (one) => each(one.revenue, 'excl_vat') },
      { id: 'price', label: t('analytics.per_kwh'), num: true, cell: (one) => each(one.revenue.filter((money) => money.per_kwh !== null), 'per_kwh') },
    ],
  });
  table.show(items.filter((one) => one.sessions || !one.partner));
  return table.element;
}

/// A line in its band, and how well such a band held last week; or why there is none.
export function forecastChart(forecast, zone) {
  const { items, enough, weeks } = forecast;
  if (!enough) return h('p.mute', null, t('analytics.forecast.few', { weeks, needed: forecast.weeks_needed }));
  const [width, height] = [1000, 180];
  const most = Math.max(...items.map((one) => Number(one.most_kwh)), 0.001);
  const x = (i) => ((i + 0.5) / items.length) * width;
  const y = (value) => height - 4 - (Number(value) / most) * (height - 12);
  const points = (name) => items.map((one, i) => `${x(i).toFixed(1)},${y(one[name]).toFixed(1)}`);
  const peak = items.reduce((a, b) => (Number(b.energy_kwh) > Number(a.energy_kwh) ? b : a));
  const label = t('analytics.forecast.bars', { most: number(most, 1) });
  const svg = shape('svg', { viewBox: `0 0 ${width} ${height}`, class: 'chart', role: 'img', preserveAspectRatio: 'none', 'aria-label': label });
  svg.append(
    shape('polygon', { points: [...points('most_kwh'), ...points('least_kwh').reverse()].join(' '), class: 'band-fill' }),
    shape('polyline', { points: points('energy_kwh').join(' '), class: 'forecast-line' }));
  items.forEach((one, i) => {
    svg.append(shape('rect', { x: (i / items.length) * width, y: 0, width: width / items.length, height, fill: 'transparent' }, shape('title', {}, t('analytics.forecast.hour', {
      at: moment(one.start, zone), kwh: number(one.energy_kwh, 1), least: number(one.least_kwh, 1), most: number(one.most_kwh, 1),
    }))));
  });
  return [
    h('p.mute', null, t('analytics.forecast.text', { weeks, day: day(forecast.from, zone) }), ' ',
      forecast.band_held_percent === null ? t('analytics.forecast.untried') : t('analytics.forecast.held', { percent: number(forecast.band_held_percent, 1), n: forecast.band_tried_hours }), ' ',
      t('analytics.forecast.peak', { at: moment(peak.start, zone), kw: number(peak.energy_kwh, 1), most: number(peak.most_kwh, 1) })),
    h('figure.chart-box', null, h('figcaption.chart-note', null, label), svg, h('div.axis.days', { 'aria-hidden': 'true' },
      items.filter((_, i) => i % 24 === 0).map((one) => h('span', null, day(one.start, zone))))),
  ];
}
