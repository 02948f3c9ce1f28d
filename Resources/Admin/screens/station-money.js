// What a station reckons by, and what its payment terminal took.

import { get, mayRun } from '../api.js';
import { command } from '../commands.js';
import { formDialog } from '../dialog.js';
import { h, path } from '../dom.js';
import { ago, none, number, timeMark } from '../format.js';
import { t, word } from '../i18n.js';
import { clearing, listSection } from '../lists.js';
import { mark } from '../states.js';
import { plainTable } from '../table.js';

/// The tariffs by which it reckons, and what is billed there in truth.
export function tariffSection(station, signal, about) {
  return listSection({
    title: t('station_tariffs.title'), text: t('station_tariffs.text'), empty: t('station_tariffs.none'),
    url: path`/stations/${station.id}/tariffs`, signal, news: about('station.tariff', 'command.ended'), key: (s) => s.evse,
    name: (s) => s.tariff.ref ?? String(s.tariff.id),
    buttons: mayRun() && [h('button', { type: 'button', on: { click: () => giveTariff(station) } }, t('station_tariffs.give'))],
    actions: (s) => (mayRun() ? [{
      label: t('verb.clear-station-tariffs'), key: 'x', danger: true,
      run: clearing(station, t('verb.clear-station-tariffs'), 'clear-station-tariffs', s.evse ? { evse: s.evse } : {}),
    }] : []),
    columns: [
      { id: 'evse', label: t('col.evse'), head: true, cell: (s) => (s.evse ? String(s.evse) : t('field.evse.whole')) },
      { id: 'tariff', label: t('col.tariff'), cell: (s) => h('span.id', null, s.tariff.ref ?? String(s.tariff.id)) },
      { id: 'state', label: t('col.state'), cell: (s) => mark('duty', s.state, word('duty', s.state)) },
      { id: 'billed', label: t('station_tariffs.billed'), cell: (s) => h('span', { class: s.billed ? '' : 'bad-text' }, t(s.billed ? 'yes' : 'no')) },
      { id: 'answer', label: t('col.detail'), wide: true, cell: (s) => s.answer ?? none },
      { id: 'at', label: t('col.since'), cell: (s) => ago(s.updated_at) },
    ],
  });
}

async function giveTariff(station) {
  const { items } = await get('/tariffs', { limit: 200 });
  formDialog({
    title: t('station_tariffs.give.title', { station: station.id }), submit: t('station_tariffs.give'),
    fields: [
      { name: 'tariff', label: t('col.tariff'), type: 'select', required: true, options: items.map((one) => ({ value: String(one.id), label: one.ref })) },
      {
        name: 'evse', label: t('field.evse'), type: 'select', required: true, value: '0',
        options: [{ value: '0', label: t('field.evse.whole') }, ...station.evses.map((e) => ({ value: String(e.number), label: String(e.number) }))],
      },
    ],
    async send({ tariff, evse }) {
      command(station.id, 'station-tariff', { tariff: Number(tariff), evse: Number(evse) });
    },
  });
}

/// What its terminal took, or could not.
export function settlementSection(station, signal, about) {
  return listSection({
    title: t('settlements.title'), url: path`/stations/${station.id}/settlements`, signal, news: about('station.payment_settled'),
    key: (s) => s.id, name: (s) => s.reference,
    columns: [
      { id: 'at', label: t('col.time'), head: true, cell: (s) => timeMark(s.at) },
      { id: 'reference', label: t('settlements.reference'), cell: (s) => h('span.id', null, s.reference) },
      { id: 'state', label: t('col.state'), cell: (s) => word('settlement', s.state) },
      { id: 'amount', label: t('settlements.amount'), num: true, cell: (s) => number(s.amount, 2) },
      { id: 'session', label: t('cdr.session'), cell: (s) => (s.session ? h('a', { href: path`/sessions/${s.session}` }, t('cdr.session')) : none) },
      { id: 'invoice', label: t('settlements.invoice'), wide: true, cell: (s) => invoiceTo(s) },
    ],
  });
}

/// The same of one session; nothing where no terminal said anything.
export function settlementTable(settlements, zone) {
  if (!settlements?.length) return null;
  return h('section', null, h('h2', null, t('settlements.title')), plainTable(t('settlements.title'), [
    { label: t('col.time'), head: true }, { label: t('settlements.reference') }, { label: t('col.state') },
    { label: t('settlements.amount'), num: true }, { label: t('settlements.invoice') },
  ], settlements.map((s) => [timeMark(s.at, zone), s.reference, word('settlement', s.state), number(s.amount, 2), invoiceTo(s)]), 'narrow'));
}

function invoiceTo({ company, vat_number: vat, receipt_id: receipt }) {
  return [company?.name, company?.address, company?.city, vat, receipt && t('settlements.receipt', { id: receipt })]
    .filter(Boolean).join(' · ') || none;
}
