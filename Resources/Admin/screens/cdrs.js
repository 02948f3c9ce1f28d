// CDRs of a month: what was charged, what it cost, what partners were told; the same as CSV.

import { get, mayRun } from '../api.js';
import { locations, partners } from '../books.js';
import { fill, h, path, query as queryOf } from '../dom.js';
import {
  amount, duration, kilowattHours, money, moneyInFull, month as monthName, number, timeMark,
} from '../format.js';
import { filterBar } from '../forms.js';
import { t } from '../i18n.js';
import { orderOf } from '../lists.js';
import { onNews } from '../live.js';
import { pager } from '../pager.js';
import { LiveTable } from '../table.js';
import { mark } from '../states.js';
import { tokenCell } from '../session-columns.js';
import { release } from './cdr.js';
import { savedViews } from '../views.js';

export async function show({ root, signal, query, head, keep }) {
  await Promise.all([partners.ready().catch(() => {}), locations.ready().catch(() => {})]);
  const today = new Date();
  const current = `${today.getFullYear()}-${String(today.getMonth() + 1).padStart(2, '0')}`;
  const asked = query.get('month');
  const held = query.get('held') === '1';
  const csv = h('a.button', { href: '/api/v1/cdrs.csv', download: '' }, t('cdrs.csv'));
  head({ title: t('nav.cdrs'), sub: t('cdrs.sub'), buttons: csv });

  const step = (by) => {
    const input = bar.querySelector('[name=month]');
    const [y, m] = (input.value || current).split('-').map(Number);
    const date = new Date(Date.UTC(y, m - 1 + by, 1));
    input.value = `${date.getUTCFullYear()}-${String(date.getUTCMonth() + 1).padStart(2, '0')}`;
    changed();
  };
  const bar = filterBar([
    { name: 'month', type: 'month', label: t('cdrs.month'), value: asked ?? (held ? '' : current) },
    { name: 'station', type: 'search', label: t('sessions.station'), value: query.get('station') },
    {
      name: 'partner', type: 'select', label: t('col.partner'), value: query.get('partner'),
      options: [
        { value: '', label: t('sessions.partner.all') },
        ...partners.list().map((p) => ({ value: String(p.id), label: p.name }))
      ],
    },
    { name: 'held', type: 'check', label: t('cdrs.held'), value: held },
  ], () => changed(), savedViews('cdrs'));
  bar.prepend(h('button', { type: 'button', 'aria-label': t('cdrs.before'), on: { click: () => step(-1) } }, '‹'));
  bar.querySelector('[name=month]').after(h(
    'button', { type: 'button', 'aria-label': t('cdrs.after'), on: { click: () => step(1) } }, '›'
  ));

  const sums = h('dl.kpis');
  const order = orderOf(query, () => changed());
  const table = new LiveTable({
    caption: t('nav.cdrs'), order, key: (c) => c.id, href: (c) => path`/cdrs/${c.id}`, name: (c) => c.station,
    actions: (c) => (c.held_because && mayRun() ? [{ label: t('cdr.release'), key: 'r', run: () => release(c, () => list.begin()) }] : []),
    empty: () => h(
      'p', null, bar.values().month ? t('cdrs.none', { month: monthName(bar.values().month) }) : t('cdrs.none.any')
    ),
    columns: [
      {
        id: 'end', by: 'ended_at', label: t('col.end'), head: true,
        cell: (c) => h('a', { href: path`/cdrs/${c.id}` }, timeMark(c.ended_at, zoneOf(c))),
      },
      { id: 'station', by: 'station', label: t('col.station'), cell: (c) => h('span.id', null, c.station) },
      { id: 'site', by: 'location', label: t('col.site'), cut: true, cell: (c) => c.location },
      { id: 'token', by: 'token', label: t('col.token'), cut: true, cell: tokenCell },
      {
        id: 'partner', by: 'partner', label: t('col.partner'), cut: true,
        cell: (c) => c.partner?.name ?? h('span.mute', null, t('sessions.ours')),
      },
      {
        id: 'energy', by: 'energy_kwh', label: t('col.energy'), num: true,
        cell: (c) => kilowattHours(c.energy_kwh),
      },
      {
        id: 'for', by: 'duration_seconds', label: t('col.duration'), num: true,
        cell: (c) => h('span', {
          title: c.parking_seconds ? `${t('col.parking')}: ${duration(c.parking_seconds)}` : null,
        }, duration(c.duration_seconds)),
      },
      {
        id: 'cost', by: 'cost', label: t('col.cost'), num: true,
        cell: (c) => h('span', { title: moneyInFull(c.cost) }, money(c.cost)),
      },
      { id: 'state', label: t('col.state'), cut: true, cell: stateOfCDR },
    ],
  });
  const list = pager({
    signal, wait: 150, order,
    load: (cursor) => {
      const { month, station, partner, held: onlyHeld } = bar.values();
      return get('/cdrs', { month, station, partner, held: onlyHeld, sort: order.text, limit: 200, cursor }, { signal });
    },
    draw: (items, fresh) => {
      if (fresh) table.showNow(items); else table.show(items);
      drawSums(sums, items);
    },
  });
  function changed() {
    keep({ ...bar.values(), sort: order.text });
    point();
    list.begin();
  }
  function point() {
    const { month, station, partner, held: onlyHeld } = bar.values();
    csv.setAttribute('href', `/api/v1/cdrs.csv${queryOf({ month: month || current, station, partner, held: onlyHeld })}`);
    csv.setAttribute('download', `cdrs-${month || current}.csv`);
    csv.textContent = t('cdrs.csv.of', { month: monthName(month || current) });
  }
  point();
  root.append(bar, sums, table.element, list.element);
  onNews(({ events }) => { if (events?.some((e) => e.kind === 'cdr.made')) list.refresh(); }, signal);
  await list.begin();
}

function zoneOf(cdr) { return locations.list().find((site) => site.name === cdr.location)?.time_zone; }

function stateOfCDR(cdr) {
  if (cdr.held_because) return [mark('yes', 'held'), h('span.mute', null, ` · ${cdr.held_because}`)];
  return cdr.estimated ? mark('yes', 'estimated') : mark('yes', 'ok');
}

/// Sums of what is listed: money by currency, exact in ten-thousandths.
function drawSums(list, items) {
  const byCurrency = new Map();
  let energy = 0;
  for (const { cost, energy_kwh: kwh } of items) {
    const sum = byCurrency.get(cost.currency) ?? { net: 0, gross: 0 };
    sum.net += Math.round(Number(cost.excl_vat) * 10_000);
    sum.gross += Math.round(Number(cost.incl_vat ?? cost.excl_vat) * 10_000);
    byCurrency.set(cost.currency, sum);
    energy += Math.round(Number(kwh) * 10_000);
  }
  const cell = (label, value, note = '') => h(
    'div', null, h('dt', null, label), h('dd.fig', null, value), h('dd.mute', null, note)
  );
  fill(list, cell(t('cdrs.sum.count'), number(items.length)), cell(
    t('cdrs.sum.energy'), kilowattHours(energy / 10_000, 1)
  ),
    [...byCurrency].map(([currency, sum]) => cell(
      t('cdrs.sum.money', { currency }), amount(sum.gross / 10_000, currency),
      t('cdrs.sum.net', { net: amount(sum.net / 10_000, currency) })
    )));
  list.hidden = items.length === 0;
}
