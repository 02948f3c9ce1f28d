// What our drivers have booked at other networks, and what can be booked there.

import { get, mayRunAll, post } from './api.js';
import { bookingMark } from './bookings.js';
import { codeBlock, dialog, formDialog, reading } from './dialog.js';
import { announce, fill, h } from './dom.js';
import { none, timeMark } from './format.js';
import { given } from './forms.js';
import { t, word } from './i18n.js';
import { facts } from './lists.js';

/// The columns and actions of the list.
export const bookingTable = (again) => ({
  title: t('roaming.tab.bookings'), text: t('roaming.bookings.text'), empty: t('roaming.bookings.none'), url: '/roaming/bookings',
  name: (b) => b.ref, open: show, news: (e) => e.kind.startsWith('roaming.'),
  actions: (b) => (mayRunAll() && !b.gone_at && ['PENDING', 'RESERVED'].includes(b.status) ? [
    { label: t('roaming.bookings.move'), key: 'e', run: () => move(b, again) },
    { label: t('bookings.cancel'), key: 'x', danger: true, run: () => giveUp(b, again) },
  ] : []),
  columns: [
    { id: 'from', label: t('col.start'), head: true, cell: (b) => h('button.link', { type: 'button', on: { click: () => show(b) } }, timeMark(b.from)) },
    { id: 'to', label: t('col.end'), cell: (b) => timeMark(b.to) },
    { id: 'where', label: t('col.where'), cut: true, cell: (b) => b.record.location_id ?? none },
    { id: 'token', label: t('col.token'), cut: true, cell: (b) => h('span.id', null, (b.record.booking_tokens ?? []).map((one) => one.uid).join(', ') || none) },
    { id: 'partner', label: t('col.partner'), cut: true, cell: (b) => b.partner?.name ?? none },
    { id: 'state', label: t('col.state'), cell: (b) => bookingMark(b.status) },
  ],
});

function show(b) {
  dialog(t('roaming.booking'), () => h('div.stack', null,
    facts([t('col.state'), bookingMark(b.status)], [t('col.start'), timeMark(b.from)], [t('col.end'), timeMark(b.to)],
      [t('col.partner'), b.partner?.name], [t('col.ref'), h('span.id', null, b.ref)],
      [t('roaming.gone'), b.gone_at && timeMark(b.gone_at)]),
    h('details', null, h('summary', null, t('cdr.record')), codeBlock(JSON.stringify(b.record, null, 2)))), { cls: 'sheet' });
}

/// A part of a location's sheet: what can be booked there, once that is known.
export function bookable(location) {
  const place = h('div');
  reading(place, async () => {
    const { items } = await get('/roaming/booking-locations', { location: location.id, limit: 50 });
    if (!items.length) return;
    fill(place, h('h3', null, t('bookings.places')), h('ul.plain', null, items.map((offer) => h('li', null,
      h('span.id', null, offer.ref), ' ', h('span.mute', null, t('roaming.bookings.slots', { n: slots(offer).length })), ' ',
      mayRunAll() && h('button', { type: 'button', on: { click: () => book(offer) } }, t('bookings.book'))))));
  });
  return place;
}

function slots(offer) { return (offer.record.calendars ?? []).flatMap((calendar) => calendar.available_timeslots ?? []); }

const period = () => [
  { name: 'from', label: t('col.start'), type: 'datetime-local', required: true },
  { name: 'to', label: t('col.end'), type: 'datetime-local', required: true },
];

function utc({ from, to, ...rest }) { return given({ ...rest, from: new Date(from).toISOString(), to: new Date(to).toISOString() }); }

function ask(verb, body) { return post(`/roaming/commands/${verb}?wait=10`, body); }

function said(again) {
  return ({ answer, phase }) => {
    announce([word('command', phase), answer?.result ?? answer?.answer ?? answer?.why].filter(Boolean).join(': '));
    again?.();
  };
}

function book(offer) {
  formDialog({
    title: t('bookings.book'), intro: t('roaming.bookings.book.text'), submit: t('bookings.book'),
    fields: [
      { name: 'token', label: t('field.token'), required: true, mono: true, maxlength: 36 }, ...period(),
    ],
    after: h('ul.plain.mute', null, slots(offer).slice(0, 20).map((slot) => h('li', null, timeMark(slot.start_date_time), ' – ', timeMark(slot.end_date_time)))),
    send: (values) => ask('book', { booking_location: offer.id, ...utc(values) }), done: said(),
  });
}

function move(booking, again) {
  formDialog({
    title: t('roaming.bookings.move'), submit: t('roaming.bookings.move'), fields: period(),
    send: (values) => ask('change-booking', { booking: booking.id, ...utc(values) }), done: said(again),
  });
}

function giveUp(booking, again) {
  formDialog({
    title: t('bookings.cancel'), intro: t('roaming.bookings.cancel.text'), submit: t('bookings.cancel'), danger: true,
    fields: [{
      name: 'reason', label: t('bookings.reason'), type: 'select', value: 'NO_CANCELED',
      options: ['NO_CANCELED', 'TRAFFIC', 'BROKEN_VEHICLE', 'UNKNOWN'].map((value) => ({ value, label: word('booking_reason', value.toLowerCase()) })),
    }],
    send: ({ reason }) => ask('cancel-booking', { booking: booking.id, reason }), done: said(again),
  });
}
