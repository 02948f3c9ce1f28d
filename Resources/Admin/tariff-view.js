// What a tariff means: its price per kWh over the hours of a week, and what a session that nobody had would cost.

import { post } from './api.js';
import { form } from './dialog.js';
import { fill, h, path } from './dom.js';
import { amount, duration, kilowattHours, number, timeMark } from './format.js';
import { t, word } from './i18n.js';
import { LiveTable, plainTable } from './table.js';
import { week } from './tariff-words.js';
import { inZone, localIn, zoneHint } from './zones.js';

const shades = 6;

/// A grid of days and hours with the price of a kWh at each hour's begin; null where the price does not follow the clock.
export function weekGrid(tariff) {
  const prices = week.map((day) => Array.from({ length: 24 }, (_, hour) => priceAt(tariff, day, hour)));
  const kinds = [...new Set(prices.flat().filter((price) => price !== null))].sort((a, b) => a - b);
  if (kinds.length < 2) return null;
  const shade = (price) => Math.max(1, Math.round(((kinds.indexOf(price) + 1) / kinds.length) * shades));
  const said = (price) => (price === null ? t('tariff.free') : t('tariff.price.energy', { price: amount(price, tariff.currency, 4) }));
  const hours = Array.from({ length: 24 }, (_, hour) => `${String(hour).padStart(2, '0')}:00`);
  return h('section', null, h('h2', null, t('tariff.week')), h('p.mute', null, t('tariff.week.text')),
    h('div.heat-box', { tabindex: '0', role: 'region', 'aria-label': t('tariff.week') }, h('table.heat', null, h('caption.out-of-sight', null, t('tariff.week')),
      h('thead', null, h('tr', null, h('td'), hours.map((hour, i) => h('th', { scope: 'col' }, i % 3 ? h('span.out-of-sight', null, hour) : String(i))))),
      h('tbody', null, week.map((day, i) => h('tr', null, h('th', { scope: 'row' }, t(`day.${day.toLowerCase()}`)),
        prices[i].map((price, hour) => h('td', {
          data: price === null ? {} : { step: shade(price) }, title: `${t(`day.${day.toLowerCase()}`)} ${hours[hour]}: ${said(price)}`,
        }, h('span.out-of-sight', null, said(price))))))))),
    h('ul.legend', null, kinds.slice(0, shades).map((price) => h('li', null, h('span.swatch', { data: { step: shade(price) }, 'aria-hidden': 'true' }), said(price)))));
}

/// The price of a kWh before tax in the first element that fits day and hour, as OCPI reads a tariff; null without one.
function priceAt(tariff, day, hour) {
  const at = `${String(hour).padStart(2, '0')}:00`;
  for (const { restrictions: r, price_components: parts } of tariff.elements) {
    const price = parts?.find((part) => part.type === 'ENERGY')?.price;
    if (price === undefined) continue;
    if (r?.day_of_week?.length && !r.day_of_week.includes(day)) continue;
    const [from, to] = [r?.start_time ?? '00:00', r?.end_time ?? '24:00'];
    const isIn = from < to ? at >= from && at < to : at >= from || at < to;
    const others = Object.keys(r ?? {}).filter((key) => !['day_of_week', 'start_time', 'end_time'].includes(key) && r[key] !== null);
    if (isIn && !others.length) return Number(price);
  }
  return null;
}

/// A section that prices a session by the tariff as it is kept.
export function previewSection(resource, zone) {
  const result = h('div.stack', { 'aria-live': 'polite' });
  const start = new Date(Date.now() - (Date.now() % 3_600_000));
  const element = form({
    inline: true, submit: t('tariff.preview.submit'), intro: t('tariff.preview.text'),
    fields: [
      { name: 'start', label: t('col.start'), type: 'datetime-local', required: true, value: localIn(start, zone), cls: 'half', hint: zoneHint(zone) },
      { name: 'minutes', label: t('tariff.preview.minutes'), type: 'number', required: true, min: 1, max: 10_080, value: 60, cls: 'half' },
      { name: 'kwh', label: t('tariff.preview.kwh'), type: 'decimal', required: true, pattern: '[0-9]+([.,][0-9]+)?', value: '11', cls: 'half' },
      { name: 'parked', label: t('tariff.preview.parked'), type: 'number', required: true, min: 0, max: 10_080, value: 0, cls: 'half' },
    ],
    async send({ start: begin, minutes, kwh, parked }) {
      const from = inZone(begin, zone), idle = new Date(from.getTime() + minutes * 60_000), to = new Date(idle.getTime() + parked * 60_000);
      return post(path`/tariffs/${resource.id}/simulate`, {
        start: from.toISOString(), end: to.toISOString(), time_zone: zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone, energy_kwh: Number(kwh),
        ...(parked ? { idle: [{ from: idle.toISOString(), to: to.toISOString() }] } : {}),
      });
    },
    done: (bill) => fill(result, billParts(bill, zone)),
  });
  return h('section', null, h('h2', null, t('tariff.preview')), element, result);
}

function billParts(bill, zone) {
  const money = (cost) => amount(cost.excl_vat, bill.currency);
  const gross = (cost) => amount(cost.incl_vat ?? cost.excl_vat, bill.currency);
  const table = new LiveTable({
    caption: t('tariff.preview'), key: (line) => line.at, class: 'narrow',
    columns: [
      { id: 'part', label: t('col.part'), head: true, cell: (line) => line.name },
      { id: 'much', label: t('tariff.preview.much'), num: true, cell: (line) => line.much },
      { id: 'net', label: t('col.excl'), num: true, cell: (line) => line.net },
      { id: 'gross', label: t('col.incl'), num: true, cell: (line) => line.gross },
    ],
  });
  const quantity = ({ dimension, quantity: much, rounding }) => {
    const total = Number(much) + Number(rounding);
    if (dimension === 'ENERGY') return kilowattHours(total);
    return dimension === 'FLAT' ? number(total) : duration(total * 3600);
  };
  table.show([
    ...bill.lines.map((line, at) => ({ at, name: word('dimension', line.dimension), much: quantity(line), net: money(line.cost), gross: gross(line.cost) })),
    { at: 'total', name: h('strong', null, word('cost', 'total')), much: '', net: h('strong', null, money(bill.totals.cost)), gross: h('strong', null, gross(bill.totals.cost)) },
  ]);
  return [h('p', null, h('strong.fig', null, gross(bill.totals.cost))), table.element, bill.periods.length > 1 && plainTable(t('session.periods'), [
    { label: t('col.start'), head: true }, { label: t('col.duration'), num: true }, { label: t('col.activity') }, { label: t('col.energy'), num: true },
  ], bill.periods.map((p) => [timeMark(p.start, zone), duration(p.seconds), word('activity', p.activity), kilowattHours(p.energy_kwh)]), 'narrow')];
}
