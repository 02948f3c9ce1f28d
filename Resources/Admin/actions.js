// What an operator can do with a station, for its row, its page and its EVSEs alike.

import { get, mayHelp, me } from './api.js';
import { sessionAt } from './books.js';
import { command, stopSession } from './commands.js';
import { confirmDialog, formDialog } from './dialog.js';
import { path } from './dom.js';
import { t, word } from './i18n.js';
import { go } from './keys.js';

const startable = ['available', 'preparing', 'finishing', 'reserved', 'unknown'];

/// The actions of a station, or of one of its EVSEs.
export function stationActions(station, only = null) {
  const looks = [
    { label: t('action.messages'), key: 'm', run: () => go(`/messages?peer=${encodeURIComponent(station.id)}`) },
  ];
  if (!mayHelp()) return looks;
  const evses = only ? [only] : station.evses;
  const running = evses.map((evse) => sessionAt(station, evse)).filter(Boolean);
  const off = station.online ? {} : { disabled: true, why: t('action.offline') };
  const pending = station.registration === 'accepted' ? {} : { disabled: true, why: t('action.pending') };
  return [
    { label: t('action.start'), key: 's', run: () => startDialog(station, only), ...off, ...pending },
    ...running.slice(0, 3).map((session, i) => ({
      label: running.length > 1 ? t(
        'action.stop.of', { evse: session.evse ?? '' }
      ) : t('action.stop'), key: i === 0 ? 't' : null,
      run: () => stopSession({ ...session, station: station.id }), ...off,
    })),
    { label: t('action.unlock'), key: 'u', run: () => unlockDialog(station, only), ...off },
    { label: t('action.availability'), key: 'a', run: () => availabilityDialog(station, only), ...off },
    ...(only ? [] : [
      { label: t('action.trigger'), key: 'q', run: () => triggerDialog(station), ...off },
      { label: t('action.reset'), key: 'r', run: () => resetDialog(station), danger: true, ...off },
    ]),
    ...looks,
  ];
}

function evseField(station, only, { whole = false } = {}) {
  const rank = (evse) => (
    evse.status === 'preparing' ? 0 : startable.includes(evse.status) && !sessionAt(station, evse) ? 1 : 2
  );
  const sorted = whole ? station.evses : [...station.evses].sort((a, b) => rank(a) - rank(b));
  return {
    name: 'evse', label: t('field.evse'), type: 'select', required: true, value: String(
      only?.number ?? (whole ? 0 : sorted[0]?.number ?? '')
    ),
    options: [
      ...(whole ? [{ value: '0', label: t('field.evse.whole') }] : []),
      ...sorted.map((evse) => ({ value: String(evse.number), label: `${evse.number} · ${word('evse', evse.status)}` })),
    ],
  };
}

async function startDialog(station, only) {
  let tokens = [];
  try {
    tokens = (await get('/tokens', { limit: 200 })).items.filter((token) => token.valid);
  } catch { /* The uid can be typed. */ }
  let last = '';
  try { last = localStorage.getItem('ostler.token') ?? ''; } catch { /* Nothing was kept. */ }
  if (!tokens.some(
    (token) => token.uid === last
  )) last = tokens.find((token) => !token.owner)?.uid ?? tokens[0]?.uid ?? '';
  formDialog({
    title: t('start.title', { station: station.id }), submit: t('verb.start'),
    intro: tokens.length ? null : t('start.no_tokens'),
    fields: [
      {
        name: 'token', label: t('field.token'), required: true, value: last, mono: true, first: true, hint: t('start.token.hint'),
        list: tokens.map((token) => ({ value: token.uid, label: token.visual_number ?? token.issuer })),
      },
      evseField(station, only),
    ],
    async send({ token, evse }) {
      try { localStorage.setItem('ostler.token', token); } catch { /* Then it is typed again. */ }
      command(station.id, 'start', evse ? { token, evse: Number(evse) } : { token });
    },
  });
}

function unlockDialog(station, only) {
  if (only) return command(station.id, 'unlock', { evse: only.number });
  formDialog({
    title: t('unlock.title', { station: station.id }), submit: t('action.unlock'), fields: [evseField(station, only)],
    send: async ({ evse }) => { command(station.id, 'unlock', { evse: Number(evse) }); },
  });
}

function availabilityDialog(station, only) {
  formDialog({
    title: t(
      'availability.title', { station: station.id }
    ), submit: t('action.availability.submit'), intro: t('availability.text'),
    fields: [evseField(station, only, { whole: true }), {
      name: 'operative', label: t('field.availability'), type: 'select', required: true,
      options: [{ value: 'yes', label: t('availability.in') }, { value: 'no', label: t('availability.out') }],
    }],
    send: async ({ evse, operative }) => {
      command(station.id, 'availability', { evse: Number(evse), operative: operative === 'yes' });
    },
  });
}

function triggerDialog(station) {
  formDialog({
    title: t('trigger.title', { station: station.id }), submit: t('action.trigger'),
    fields: [{
      name: 'what', label: t('field.trigger'), type: 'select', required: true,
      options: ['status', 'boot', 'heartbeat', 'meter_values'].map((what) => ({
        value: what, label: word('trigger', what),
      })),
    }],
    send: async ({ what }) => { command(station.id, 'trigger', { what }); },
  });
}

function resetDialog(station) {
  const charging = station.evses.filter((evse) => sessionAt(station, evse)).length;
  confirmDialog({
    title: t(
      'reset.title', { station: station.id }
    ), text: charging ? t('reset.text.charging', { n: charging }) : t('reset.text'),
    submit: t('action.reset'), type: station.id,
    send: async () => { command(station.id, 'reset', {}); },
  });
}

/// Where stations connect, with a placeholder or the identity itself at its end.
export function stationURLs(id = '<id>') {
  const urls = me?.station_urls?.length ? me.station_urls : [`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ocpp/`];
  return urls.map((url) => `${url.replace(/\/*$/, '/')}${id}`);
}

/// The page of a message log for one peer.
export function messagesOf(peer, more = '') { return path`/messages?peer=${peer}` + more; }
