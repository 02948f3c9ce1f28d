// Bookings at a site: what can be booked there and how, and who has booked what.

import { get, mayRun, patch, post, remove } from './api.js';
import { stations } from './books.js';
import { dialog, formDialog } from './dialog.js';
import { h, path } from './dom.js';
import { none, timeMark } from './format.js';
import { editDialog } from './editing.js';
import { t, word } from './i18n.js';
import { listSection, orderOf, sure } from './lists.js';
import { mark } from './states.js';
import { inZone } from './zones.js';

/// The tone of a booking's status, also at other networks.
export function bookingMark(status) {
  const states = {
    PENDING: 'asked', RESERVED: 'placed', FULFILLED: 'used', CANCELED: 'cancelled', NO_SHOW: 'expired', REJECTED: 'refused', FAILED: 'failed',
  };
  return mark('duty', states[status] ?? 'unknown', word('booking', String(status).toLowerCase()));
}

/// Two sections of a site's page.
export function bookingSections(site, signal) {
  const places = listSection({
    title: t('bookings.places'), text: t('bookings.places.text'), empty: t('bookings.places.none'), url: '/booking-locations',
    values: () => ({ location: site.id }), signal, news: (e) => e.kind === 'booking_location.changed', key: (p) => p.id, name: (p) => p.ref,
    buttons: mayRun() && h('button', { type: 'button', on: { click: () => edit(site) } }, t('bookings.open')),
    actions: (p) => (mayRun() ? [
      { label: t('bookings.change'), key: 'e', run: () => edit(site, p) },
      {
        label: t('bookings.end'), key: 'x', danger: true,
        run: () => sure(t('bookings.end'), t('bookings.end.text'), t('bookings.end'), () => remove(path`/booking-locations/${p.id}`), () => places.refresh()),
      },
    ] : []),
    columns: [
      { id: 'ref', label: t('col.ref'), head: true, cut: true, cell: (p) => h('span.id', null, p.ref) },
      { id: 'state', label: t('col.state'), cell: (p) => mark('yes', p.open ? 'ok' : 'private', t(p.open ? 'bookings.is_open' : 'bookings.is_shut')) },
      { id: 'evses', label: t('col.evses'), cut: true, cell: (p) => (p.evses.length ? p.evses.map(evseName).join(', ') : t('bookings.all')) },
      { id: 'slot', label: t('bookings.slot'), num: true, cell: (p) => minutes(p.rules.slot_minutes) },
      { id: 'no_show', label: t('bookings.no_show'), num: true, cell: (p) => (p.terms.noshow_timeout ? minutes(p.terms.noshow_timeout) : none) },
      { id: 'days', label: t('bookings.days'), num: true, cell: (p) => String(p.rules.days_ahead) },
    ],
  });
  const list = listSection({
    title: t('bookings.title'), empty: t('bookings.none'), url: '/bookings', values: () => ({ location: site.id }), csv: true, signal,
    news: (e) => e.kind.startsWith('booking.'), order: orderOf(null, () => list.begin()),
    key: (b) => b.id, name: (b) => b.tokens.join(', ') || b.request_id,
    buttons: mayRun() && h('button', { type: 'button', on: { click: () => book(site, () => list.refresh()) } }, t('bookings.book')),
    actions: (b) => (mayRun() && b.status === 'RESERVED' ? [{ label: t('bookings.cancel'), key: 'x', danger: true, run: () => cancel(b, () => list.refresh()) }] : []),
    columns: [
      { id: 'from', by: 'from', label: t('col.start'), head: true, cell: (b) => timeMark(b.from, site.time_zone) },
      { id: 'to', by: 'to', label: t('col.end'), cell: (b) => timeMark(b.to, site.time_zone) },
      { id: 'where', label: t('col.where'), cell: (b) => (b.station ? `${b.station} · ${b.evse}` : none) },
      { id: 'token', label: t('col.token'), cut: true, cell: (b) => h('span.id', null, b.tokens.join(', ') || none) },
      { id: 'by', by: 'partner', label: t('col.partner'), cut: true, cell: (b) => b.partner?.name ?? t('bookings.ours') },
      { id: 'state', by: 'status', label: t('col.state'), cell: (b) => bookingMark(b.status) },
      { id: 'why', label: t('col.answer'), cut: true, calm: true, cell: (b) => b.why ?? none },
      {
        id: 'session', label: t('col.session'),
        cell: (b) => (b.session ? h('a', { href: path`/sessions/${b.session}` }, t('command.session')) : none),
      },
    ],
  });
  return { elements: [places.element, list.element], begin: () => Promise.all([places.begin(), list.begin()]) };
}

function minutes(count) { return t('bookings.minutes', { n: count }); }

function here(site) { return stations.list().filter((s) => s.location?.id === site.id).flatMap((s) => s.evses.map((evse) => ({ station: s.id, ...evse }))); }

function evseName(id) {
  for (const station of stations.list()) {
    const evse = station.evses.find((one) => one.id === id);
    if (evse) return `${station.id} · ${evse.number}`;
  }
  return String(id);
}

/// What is there is read before the form opens, and sent only where nobody changed it meanwhile.
function edit(site, place) {
  return place ? editDialog(path`/booking-locations/${place.id}`, (now) => placeForm(site, now)) : formDialog(placeForm(site));
}

const wholeOf = ({ open, rules, terms }) => ({ open, ...rules, ...terms });

function placeForm(site, place) {
  const { terms = { supported_access_methods: ['OPEN'] }, rules = { slot_minutes: 30, days_ahead: 14, notice_minutes: 0, lead_minutes: 15 } } = place ?? {};
  const whole = (name, label, value, more = {}) => ({ name, label, type: 'number', min: 0, value: value ?? '', ...more });
  const chosen = new Set(place?.evses ?? []);
  return {
    values: wholeOf, title: t(place ? 'bookings.change' : 'bookings.open'), intro: t('bookings.open.text'), submit: t('save'),
    fields: [
      { name: 'open', label: t('bookings.is_open'), type: 'check', value: place?.open ?? true },
      h('fieldset.choices', null, h('legend', null, t('bookings.evses')), here(site).map((evse) => h('label', null,
        h('input', { type: 'checkbox', name: 'evse', value: evse.id, checked: chosen.has(evse.id) }), h('span.id', null, `${evse.station} · ${evse.number}`)))),
      whole('slot_minutes', t('bookings.slot'), rules.slot_minutes, { required: true, min: 1 }),
      whole('days_ahead', t('bookings.days'), rules.days_ahead, { required: true, min: 1, max: 60 }),
      whole('notice_minutes', t('bookings.notice'), rules.notice_minutes, { required: true }),
      whole('lead_minutes', t('bookings.lead'), rules.lead_minutes, { required: true, hint: t('bookings.lead.hint') }),
      whole('min_booking_duration', t('bookings.shortest'), terms.min_booking_duration),
      whole('max_booking_duration', t('bookings.longest'), terms.max_booking_duration),
      whole('noshow_timeout', t('bookings.no_show'), terms.noshow_timeout, { hint: t('bookings.no_show.hint') }),
      whole('early_start_time', t('bookings.early'), terms.early_start_time, { hint: t('bookings.early.hint') }),
      whole('late_stop_time', t('bookings.late'), terms.late_stop_time, { hint: t('bookings.late.hint') }),
      whole('change_until_minutes', t('bookings.change_until'), terms.change_until_minutes ?? 0, { required: true }),
      whole('cancel_until_minutes', t('bookings.cancel_until'), terms.cancel_until_minutes ?? 0, { required: true }),
      { name: 'booking_terms', label: t('bookings.url'), type: 'url', value: terms.booking_terms ?? '', maxlength: 255 },
    ],
    send: ({ open, slot_minutes, days_ahead, notice_minutes, lead_minutes, ...said }, match, form) => {
      const element = form ?? match;
      const body = {
        open, evses: [...element.querySelectorAll('input[name=evse]:checked')].map((input) => Number(input.value)),
        rules: { slot_minutes, days_ahead, notice_minutes, lead_minutes },
        terms: { ...said, early_start_allowed: Boolean(said.early_start_time), late_stop_allowed: Boolean(said.late_stop_time) },
      };
      return place ? patch(path`/booking-locations/${place.id}`, body, { match }) : post('/booking-locations', { location: site.id, ...body });
    },
  };
}

async function book(site, done) {
  const { items } = await get('/booking-locations', { location: site.id, limit: 100 });
  if (!items.length) return dialog(t('bookings.book'), () => h('p', null, t('bookings.places.none')));
  formDialog({
    title: t('bookings.book'), intro: t('bookings.book.text', { zone: site.time_zone }), submit: t('bookings.book'),
    fields: [
      { name: 'booking_location', label: t('bookings.place'), type: 'select', options: items.map((p) => ({ value: String(p.id), label: p.ref })) },
      { name: 'token', label: t('field.token'), required: true, mono: true, maxlength: 36 },
      { name: 'from', label: t('col.start'), type: 'datetime-local', required: true },
      { name: 'to', label: t('col.end'), type: 'datetime-local', required: true },
    ],
    send: ({ booking_location: place, token, from, to }) => post('/bookings', {
      booking_location: Number(place), token, from: inZone(from, site.time_zone).toISOString(), to: inZone(to, site.time_zone).toISOString(),
    }),
    done,
  });
}

function cancel(booking, done) {
  formDialog({
    title: t('bookings.cancel'), intro: t('bookings.cancel.text'), submit: t('bookings.cancel'), danger: true,
    fields: [{
      name: 'reason', label: t('bookings.reason'), type: 'select', value: 'UNKNOWN',
      options: ['UNKNOWN', 'BROKEN_CHARGER', 'POWER_OUTAGE', 'FULL', 'BLOCKED'].map((value) => ({ value, label: word('booking_reason', value.toLowerCase()) })),
    }],
    send: ({ reason }) => remove(`${path`/bookings/${booking.id}`}?reason=${reason}`), done,
  });
}
