// Our drivers at other networks: where they can charge, what that costs, what they did, and what is asked for it.

import { get, mayRunAll, post } from '../api.js';
import { partners } from '../books.js';
import { codeBlock, dialog, form, reading } from '../dialog.js';
import { fill, h, path } from '../dom.js';
import { ago, kilowattHours, kilowatts, money, moneyInFull, none, number, timeMark } from '../format.js';
import { filterBar } from '../forms.js';
import { t, word } from '../i18n.js';
import { facts, listSection, orderOf } from '../lists.js';
import { bookable, bookingTable } from '../roaming-bookings.js';
import { showSession, stateOfSession } from '../roaming-session.js';
import { mark } from '../states.js';
import { priceInWords } from '../tariff-words.js';
import { savedViews } from '../views.js';

const tabs = { places: placeList, tariffs: tariffList, sessions: sessionList, cdrs: cdrList, invoices: invoiceList, bookings: (context) => list(context, bookingTable(context.again)) };

export async function show({ root, signal, query, head, keep }) {
  await partners.ready().catch(() => {});
  if (signal.aborted) return;
  const tab = query.get('tab') in tabs ? query.get('tab') : 'places';
  head({ title: t('roaming.title'), sub: t('roaming.sub'), back: { href: '/partners', label: t('nav.partners') } });
  const list = tabs[tab]({
    signal, query, keep: (values) => keep({ ...(tab === 'places' ? {} : { tab }), ...values }), again: () => list.begin(),
  });
  root.append(h('nav.tabs', { 'aria-label': t('roaming.tabs') }, h('ul', null, Object.keys(tabs).map((name) => h('li', null, h('a', {
    href: name === 'places' ? '/roaming' : `/roaming?tab=${name}`, 'aria-current': name === tab ? 'page' : null,
  }, t(`roaming.tab.${name}`)))))), list.element);
  await list.begin();
}

/// A list under its filters; `search` is the label of the field for a part of the text.
function list(context, { search, more = [], ...options }) {
  const { query, keep, again, signal } = context;
  const bar = filterBar([
    ...(search ? [{ name: 'q', type: 'search', label: search, value: query.get('q') }] : []),
    {
      name: 'partner', type: 'select', label: t('col.partner'), value: query.get('partner'),
      options: [{ value: '', label: t('roaming.partner.all') }, ...partners.list().map((p) => ({ value: String(p.id), label: p.name }))],
    },
    ...more.map((field) => ({ ...field, value: query.get(field.name) === '1' })),
  ], () => changed(), savedViews('roaming'));
  function changed() {
    keep({ ...bar.values(), sort: order?.text });
    again();
  }
  const order = options.columns.some((column) => column.by) ? orderOf(query, changed) : undefined;
  const values = () => Object.fromEntries(Object.entries(bar.values()).filter(([, value]) => value));
  return listSection({ signal, bar, values, order, csv: true, key: (item) => item.id, page: 100, ...options });
}

const network = { id: 'partner', label: t('col.partner'), cut: true, cell: (item) => item.partner?.name ?? partyName(item.party) };

function partyName({ country_code: country, party_id: party }) { return `${country}*${party}`; }

function placeList(context) {
  return list(context, {
    title: t('roaming.tab.places'), text: t('roaming.places.text'), empty: t('roaming.places.none'), url: '/roaming/locations', search: t('roaming.places.filter'),
    more: [{ name: 'available', type: 'check', label: t('roaming.available') }],
    name: (place) => place.name ?? place.address, open: showPlace,
    columns: [
      { id: 'name', label: t('col.site'), head: true, cut: true, cell: (p) => opener(p.name ?? p.address, () => showPlace(p)) },
      { id: 'address', label: t('col.address'), cut: true, cell: (p) => [p.address, [p.postal_code, p.city].filter(Boolean).join(' '), p.country].join(', ') },
      network,
      { id: 'free', label: t('map.free'), num: true, cell: (p) => t('table.of', { shown: p.available, total: p.evse_count }) },
      { id: 'power', label: t('roaming.power'), num: true, cell: (p) => (p.max_power ? kilowatts(p.max_power / 1000) : none) },
      { id: 'plugs', label: t('roaming.plugs'), cut: true, cell: (p) => p.standards.map((one) => word('standard', one)).join(', ') || none },
      { id: 'seen', label: t('roaming.seen'), calm: true, cell: (p) => ago(p.seen_at) },
    ],
  });
}

function tariffList(context) {
  return list(context, {
    title: t('roaming.tab.tariffs'), text: t('roaming.tariffs.text'), empty: t('roaming.tariffs.none'), url: '/roaming/tariffs', search: t('roaming.tariffs.filter'),
    name: (tariff) => tariff.ref, open: showTariff,
    columns: [
      { id: 'ref', label: t('col.ref'), head: true, cut: true, cell: (x) => opener(h('span.id', null, x.ref), () => showTariff(x)) },
      network,
      { id: 'party', label: t('roaming.network'), cell: (x) => partyName(x.party) },
      { id: 'currency', label: t('col.currency'), cell: (x) => x.currency },
      { id: 'changed', label: t('col.changed'), calm: true, cell: (x) => ago(x.updated_at) },
    ],
  });
}

function sessionList(context) {
  return list(context, {
    title: t('roaming.tab.sessions'), text: t('roaming.sessions.text'), empty: t('roaming.sessions.none'), url: '/roaming/sessions',
    more: [{ name: 'open', type: 'check', label: t('roaming.open') }],
    name: (s) => s.ref, open: showSession, news: (e) => e.kind.startsWith('roaming.'),
    columns: [
      { id: 'start', by: 'started_at', label: t('col.start'), head: true, cell: (s) => opener(timeMark(s.started_at), () => showSession(s)) },
      { id: 'token', by: 'token', label: t('col.token'), cut: true, cell: (s) => h('span.id', null, s.token) },
      { id: 'where', by: 'location', label: t('col.where'), cut: true, cell: (s) => s.location ?? none },
      { ...network, by: 'partner' },
      { id: 'state', by: 'status', label: t('col.state'), cell: stateOfSession },
      { id: 'energy', by: 'energy_kwh', label: t('col.energy'), num: true, cell: (s) => kilowattHours(s.energy_kwh) },
      { id: 'cost', by: 'cost', label: t('col.cost'), num: true, cell: (s) => h('span', { title: moneyInFull(s.cost) }, money(s.cost)) },
    ],
  });
}

function cdrList(context) {
  const open = (cdr) => showCDR(cdr, context.again);
  return list(context, {
    title: t('roaming.tab.cdrs'), text: t('roaming.cdrs.text'), empty: t('roaming.cdrs.none'), url: '/roaming/cdrs',
    more: [{ name: 'doubtful', type: 'check', label: t('roaming.doubtful') }],
    name: (c) => c.ref, open, news: (e) => e.kind.startsWith('roaming.'),
    columns: [
      { id: 'end', by: 'ended_at', label: t('col.end'), head: true, cell: (c) => opener(timeMark(c.ended_at), () => open(c)) },
      { id: 'token', by: 'token', label: t('col.token'), cut: true, cell: (c) => h('span.id', null, c.token) },
      { id: 'where', by: 'location', label: t('col.where'), cut: true, cell: (c) => c.location ?? none },
      { ...network, by: 'partner' },
      { id: 'energy', by: 'energy_kwh', label: t('col.energy'), num: true, cell: (c) => kilowattHours(c.energy_kwh) },
      { id: 'cost', by: 'cost', label: t('col.cost'), num: true, cell: (c) => h('span', { title: moneyInFull(c.cost) }, money(c.cost)) },
      { id: 'state', label: t('col.state'), cell: stateOfCDR },
    ],
  });
}

function invoiceList(context) {
  return listSection({
    signal: context.signal, csv: true, key: (item) => item.id, page: 100, title: t('roaming.tab.invoices'), text: t('roaming.invoices.text'), empty: t('roaming.invoices.none'),
    url: '/roaming/invoices', name: (x) => x.invoice, open: showInvoice, news: (e) => e.kind.startsWith('roaming.'),
    columns: [
      { id: 'invoice', label: t('roaming.invoice'), head: true, cut: true, cell: (x) => opener(x.invoice, () => showInvoice(x)) },
      network,
      { id: 'cdrs', label: t('nav.cdrs'), num: true, cell: (x) => number(x.cdr_count) },
      { id: 'changed', label: t('col.changed'), calm: true, cell: (x) => ago(x.updated_at) },
      { id: 'received', label: t('roaming.received'), calm: true, cell: (x) => ago(x.received_at) },
    ],
  });
}

function stateOfCDR(cdr) {
  if (!cdr.doubts.length) return mark('yes', 'ok');
  return cdr.settled_at ? mark('yes', 'valid', t('roaming.settled')) : mark('yes', 'expired', t('roaming.doubts', { n: cdr.doubts.length }));
}

/// What opens a row for those who come by keyboard or touch.
function opener(content, click) { return h('button.link', { type: 'button', on: { click } }, content); }

/// A sheet that fills itself with what the API says of one thing.
function sheet(title, url, build) {
  const place = h('div.stack');
  dialog(title, () => place, { cls: 'sheet' });
  reading(place, async () => fill(place, build(await get(url), place)));
}

function showPlace(place) {
  sheet(place.name ?? place.address, path`/roaming/locations/${place.id}`, (item) => [
    facts([t('col.address'), [item.address, item.city, item.country].join(', ')], [t('col.partner'), item.partner?.name],
      [t('roaming.network'), partyName(item.party)], [t('col.ref'), h('span.id', null, item.ref)],
      [t('col.where'), h('span.mono', null, `${item.latitude}, ${item.longitude}`)], [t('roaming.seen'), timeMark(item.seen_at)],
      [t('roaming.gone'), item.gone_at && timeMark(item.gone_at)]),
    h('h3', null, t('roaming.evses', { n: item.evses.length })),
    h('ul.plain', null, item.evses.map((evse) => h('li', null, h('span.id', null, evse.evse_id ?? evse.uid), ' · ', word('ocpi_status', String(evse.status).toLowerCase()), ' · ',
      (evse.connectors ?? []).map((c) => [word('standard', c.standard), c.max_power ? kilowatts(c.max_power / 1000) : null].filter(Boolean).join(' ')).join(', ')))),
    bookable(item),
    h('details', null, h('summary', null, t('cdr.record')), codeBlock(JSON.stringify(item.record, null, 2))),
  ]);
}

function showTariff(tariff) {
  sheet(tariff.ref, path`/roaming/tariffs/${tariff.id}`, (item) => [
    h('p.words', null, inWords(item.record)),
    facts([t('col.partner'), item.partner?.name], [t('roaming.network'), partyName(item.party)], [t('col.changed'), timeMark(item.updated_at)]),
    h('details', null, h('summary', null, t('tariff.json')), codeBlock(JSON.stringify(item.record, null, 2))),
  ]);
}

/// Another network's tariff may lack what ours always have.
function inWords(record) {
  try { return priceInWords(record); } catch { return t('roaming.tariffs.odd'); }
}

/// What an invoice asks for, by our own books.
function showInvoice(invoice) {
  sheet(invoice.invoice, path`/roaming/invoices/${invoice.id}`, (item) => [
    facts([t('col.partner'), item.partner?.name], [t('roaming.network'), partyName(item.party)], [t('col.ref'), h('span.id', null, item.ref)], [t('nav.cdrs'), number(item.cdr_count)],
      [t('roaming.invoice.sum'), item.costs.map((cost) => `${money(cost)} (${moneyInFull(cost)})`).join(' · ') || none],
      [t('roaming.doubtful'), item.doubtful > 0 && mark('yes', 'expired', number(item.doubtful))],
      [t('roaming.invoice.missing'), item.missing_count > 0 && mark('yes', 'failed', number(item.missing_count))], [t('roaming.received'), timeMark(item.received_at)]),
    item.missing.length > 0 && h('ul.plain', null, item.missing.map((ref) => h('li', null, h('span.id', null, ref)))),
    h('details', null, h('summary', null, t('cdr.record')), codeBlock(JSON.stringify(item.record, null, 2))),
  ]);
}

function showCDR(cdr, done) {
  sheet(t('roaming.cdr'), path`/roaming/cdrs/${cdr.id}`, (item, place) => [
    item.doubts.length > 0 && h('div', null, h('h3', null, t('roaming.doubts', { n: item.doubts.length })),
      h('ul.plain', null, item.doubts.map((doubt) => h('li', null, h('b', null, word('doubt', doubt.kind)), ' ', doubt.detail)))),
    facts([t('col.start'), timeMark(item.started_at)], [t('col.end'), timeMark(item.ended_at)], [t('col.where'), item.location],
      [t('col.token'), h('span.id', null, item.token)], [t('col.energy'), kilowattHours(item.energy_kwh)],
      [t('col.cost'), `${money(item.cost)} · ${moneyInFull(item.cost)}`], [t('roaming.credits'), item.credits && h('span.id', null, item.credits)],
      [t('roaming.credited_by'), item.credited_by && h('span.id', null, item.credited_by)],
      [t('roaming.conflicts'), item.conflicts ? number(item.conflicts) : null], [t('roaming.note'), item.note]),
    item.doubts.length > 0 && !item.settled_at && mayRunAll() && form({
      intro: t('roaming.settle.text'), submit: t('roaming.settle'),
      fields: [{ name: 'note', label: t('roaming.note'), required: true, maxlength: 255 }],
      send: (values) => post(path`/roaming/cdrs/${cdr.id}/settle`, values),
      done: () => {
        place.closest('dialog').close();
        done();
      },
    }),
    h('details', null, h('summary', null, t('cdr.record')), codeBlock(JSON.stringify(item.record, null, 2))),
  ]);
}
