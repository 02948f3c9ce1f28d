// Invoices of a month: who owes what, closing the month, the papers, credit notes.

import { all, get, mayRun, mayRunAll, me, post } from '../api.js';
import { fill, h, path, query as queryOf } from '../dom.js';
import { reading } from '../dialog.js';
import { amount, kilowattHours, money, month as monthName, none, number, timeMark } from '../format.js';
import { who } from '../events.js';
import { language, t, word } from '../i18n.js';
import { listSection, sure } from '../lists.js';
import { tokenCell } from '../session-columns.js';
import { mark } from '../states.js';
import { LiveTable } from '../table.js';
import { release } from './cdr.js';

export async function show({ root, signal, query, head, keep }) {
  const today = new Date();
  let month = query.get('month') ?? new Date(Date.UTC(today.getFullYear(), today.getMonth() - 1, 1)).toISOString().slice(0, 7);
  head({ title: t('nav.invoices'), sub: t('invoices.sub') });
  const input = h('input', { type: 'month', value: month, 'aria-label': t('cdrs.month'), on: { change: () => { if (input.value) go(input.value); } } });
  const step = (by) => {
    const [year, at] = month.split('-').map(Number);
    go(new Date(Date.UTC(year, at - 1 + by, 1)).toISOString().slice(0, 7));
  };
  const place = h('div.stack');
  const list = invoiceList(() => month, signal);
  root.append(h('div.filters', null, h('button', { type: 'button', 'aria-label': t('cdrs.before'), on: { click: () => step(-1) } }, '‹'), input,
    h('button', { type: 'button', 'aria-label': t('cdrs.after'), on: { click: () => step(1) } }, '›')), place, list.element);
  async function go(next) {
    month = next;
    input.value = month;
    keep({ month });
    await draw();
  }
  async function draw() {
    // A month is the whole house's.
    if (me.sites === null) await reading(place, drawMonth, signal);
    await list.begin();
  }
  async function drawMonth() {
    const mine = month;
    const shown = await get(path`/months/${month}`, {}, { signal });
    const held = shown.closed ? [] : await all('/cdrs', { held: true }, { most: 500, signal });
    if (mine !== month) return false;
    fill(place, monthSection(shown, draw), heldSection(held.filter((c) => c.ended_at < shown.ends_at), draw));
  }
  await draw();
}

function monthSection(shown, done) {
  const over = new Date(shown.ends_at) <= new Date();
  const name = monthName(shown.month);
  if (shown.closed) {
    return h('section', null, h('div.section-head', null, h('h2', null, name), h('div.buttons', null,
      h('a.button', { href: `/api/v1/invoices.xlsx${queryOf({ month: shown.month })}`, download: `invoices-${shown.month}.xlsx` }, t('invoices.xlsx')))),
    h('p', null, mark('yes', 'valid', t('invoices.closed')), ' ', h('span.mute', null, t('invoices.closed.by', { by: who(shown.closed.closed_by) }), ' '), timeMark(shown.closed.closed_at)));
  }
  const close = () => sure(t('invoices.close.title', { month: name }), t('invoices.close.text', { n: shown.drafts.length }), t('invoices.close'),
    () => post(path`/months/${shown.month}/close`, {}, { seconds: 120 }), done, shown.month);
  const table = new LiveTable({
    caption: t('invoices.drafts'), key: (i) => `${i.payer_kind} ${i.payer} ${i.currency}`, empty: () => h('p.mute', null, t('invoices.drafts.none')),
    columns: columns().filter((column) => !['name', 'made', 'state'].includes(column.id)).map((column) => ({ ...column, head: column.id === 'payer' })),
  });
  table.show(shown.drafts);
  return h('section', null, h('div.section-head', null, h('h2', null, t('invoices.drafts.of', { month: name })), h('div.buttons', null,
    mayRunAll() && h('button.primary', { type: 'button', disabled: !over, title: over ? null : t('invoices.not_over'), on: { click: close } }, t('invoices.close')))),
  h('p.mute', null, t(over ? 'invoices.drafts.text' : 'invoices.not_over')), table.element);
}

/// What is missing from the drafts: sessions of this month and before whose CDRs are held back, with the reason.
function heldSection(cdrs, done) {
  if (!cdrs.length) return null;
  const table = new LiveTable({
    caption: t('invoices.held'), key: (c) => c.id, href: (c) => path`/cdrs/${c.id}`, name: (c) => c.station,
    actions: (c) => (mayRun() ? [{ label: t('cdr.release'), key: 'r', run: () => release(c, done) }] : []),
    columns: [
      { id: 'end', label: t('col.end'), head: true, cell: (c) => h('a', { href: path`/cdrs/${c.id}` }, timeMark(c.ended_at)) },
      { id: 'station', label: t('col.station'), cell: (c) => h('span.id', null, c.station) },
      { id: 'token', label: t('col.token'), cut: true, cell: tokenCell },
      { id: 'energy', label: t('col.energy'), num: true, cell: (c) => kilowattHours(c.energy_kwh, 1) },
      { id: 'cost', label: t('col.cost'), num: true, cell: (c) => money(c.cost) },
      { id: 'why', label: t('invoices.held.why'), wide: true, cell: (c) => c.held_because },
    ],
  });
  table.show(cdrs);
  return h('section', null, h('h2', null, t('invoices.held')), h('p.mute', null, t('invoices.held.text', { n: cdrs.length })), table.element);
}

function invoiceList(month, signal) {
  const list = listSection({
    title: t('invoices.made'), empty: t('invoices.none'), url: '/invoices', values: () => ({ month: month() }), signal, key: (i) => i.number, name: (i) => i.name,
    open: (i) => pdf(i).click(),
    actions: (i) => [
      { label: t('invoices.pdf'), key: 'p', run: () => pdf(i).click() },
      ...(mayRunAll() && i.credits === null && i.credited_by === null ? [{
        label: t('invoices.credit'), key: 'c', danger: true,
        run: () => sure(t('invoices.credit.title', { name: i.name }), t('invoices.credit.text'), t('invoices.credit'), () => post(path`/invoices/${i.number}/credit`, {}), () => list.begin(), i.name),
      }] : []),
    ],
    columns: columns(),
  });
  return list;
}

function pdf(invoice) {
  return h('a', { href: path`/api/v1/invoices/${invoice.number}/pdf` + queryOf({ language }), download: `${invoice.name}.pdf` }, invoice.name);
}

function columns() {
  return [
    { id: 'name', label: t('invoices.number'), head: true, cell: (i) => pdf(i) },
    { id: 'payer', label: t('invoices.payer'), cell: (i) => h('span', null, i.payer_name, i.payer_name === i.payer ? '' : h('span.mute', null, ` · ${i.payer}`)) },
    { id: 'kind', label: t('col.kind'), cell: (i) => word('payer', i.payer_kind) },
    { id: 'sessions', label: t('nav.sessions'), num: true, cell: (i) => number(i.sessions) },
    { id: 'energy', label: t('col.energy'), num: true, cell: (i) => kilowattHours(i.energy_kwh, 1) },
    { id: 'net', label: t('invoices.net'), num: true, cell: (i) => amount(i.net, i.currency) },
    { id: 'tax', label: t('invoices.tax'), num: true, cell: (i) => (i.taxes.length ? h('span', { title: i.taxes.map((x) => `${x.name} ${x.percent ?? ''} % ${x.amount}`).join(', ') }, amount(i.taxes.reduce((sum, x) => sum + Math.round(Number(x.amount) * 10_000), 0) / 10_000, i.currency)) : none) },
    { id: 'total', label: t('invoices.total'), num: true, cell: (i) => h('strong', null, amount(i.total, i.currency)) },
    { id: 'state', label: t('col.state'), cell: (i) => (i.credits !== null ? t('invoices.is_credit') : i.credited_by !== null ? h('span.mute', null, t('invoices.credited')) : none) },
    { id: 'made', label: t('cdr.made'), cell: (i) => (i.created_at ? timeMark(i.created_at) : none) },
  ];
}
