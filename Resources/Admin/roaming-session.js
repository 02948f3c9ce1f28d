// A session of one of our drivers at another network: what is known of it, what its charging comes to, and what can be
// asked for it there.

import { get, mayRunAll, post, replace } from './api.js';
import { codeBlock, dialog, formDialog, reading } from './dialog.js';
import { announce, fill, h, path } from './dom.js';
import { duration, kilowattHours, money, moneyInFull, none, number, timeMark } from './format.js';
import { given } from './forms.js';
import { t, word } from './i18n.js';
import { facts } from './lists.js';
import { onNews } from './live.js';
import { mark } from './states.js';
import { plainTable } from './table.js';

const states = { ACTIVE: 'active', COMPLETED: 'completed', INVALID: 'invalid', PENDING: 'pending' };

/// Its state as ours are shown.
export function stateOfSession(session) { return mark('session', states[session.status] ?? 'pending'); }

/// Opens its sheet, which follows what becomes of it.
export function showSession({ id }) {
  const place = h('div.stack');
  const open = new AbortController();
  dialog(t('roaming.session'), () => place, { cls: 'sheet', onClose: () => open.abort() });
  const load = () => reading(place, async () => {
    const [session, commands] = await Promise.all([
      get(path`/roaming/sessions/${id}`, {}, { signal: open.signal }),
      get('/roaming/commands', { session: id, limit: 20 }, { signal: open.signal }),
    ]);
    draw(place, session, commands.items, load);
  }, open.signal);
  onNews(({ events }) => { if (events?.some((e) => e.kind.startsWith('roaming.'))) load(); }, open.signal);
  load();
}

function draw(place, s, commands, load) {
  const isOver = ['COMPLETED', 'INVALID'].includes(s.status);
  const inUse = place.querySelector('details')?.open;
  fill(place,
    facts([t('col.state'), stateOfSession(s)], [t('col.partner'), s.partner?.name], [t('col.token'), h('span.id', null, s.token)],
      [t('col.where'), [s.location, s.evse, s.connector].filter(Boolean).join(' · ')], [t('col.start'), timeMark(s.started_at)],
      [t('col.end'), s.ended_at && timeMark(s.ended_at)], [t('col.energy'), kilowattHours(s.energy_kwh)],
      [t('col.cost'), s.cost && `${money(s.cost)} · ${moneyInFull(s.cost)}`]),
    !isOver && mayRunAll() && h('div.buttons', null, actions(s, load).map(({ label, run }) => h('button', { type: 'button', on: { click: run } }, label))),
    s.plan && h('div', null, h('h3', null, t('roaming.plan')), planTable(s.plan)),
    commands.length > 0 && h('div', null, h('h3', null, t('roaming.asked')), commandTable(commands)),
    h('details', { open: inUse }, h('summary', null, t('cdr.record')), codeBlock(JSON.stringify(s.record, null, 2))));
}

function actions(session, load) {
  const send = (verb, body) => post(path`/roaming/commands/${verb}`, { session: session.id, ...body });
  const act = (verb) => async () => {
    await send(verb, {}).finally(load);
    announce(t('roaming.sent'));
  };
  return [
    { label: t('roaming.limit'), run: () => limitDialog(send, load) },
    { label: word('verb', 'clear-profile'), run: act('clear-profile') },
    { label: word('verb', 'active-profile'), run: act('active-profile') },
    { label: t('roaming.prefer'), run: () => preferDialog(session) },
    { label: word('verb', 'stop'), run: act('stop') },
  ];
}

function limitDialog(send, load) {
  formDialog({
    title: word('verb', 'set-profile'), intro: t('roaming.limit.text'), submit: word('verb', 'set-profile'),
    fields: [
      { name: 'limit', label: t('roaming.limit.power'), type: 'decimal', pattern: '[0-9]+([.,][0-9]+)?', required: true },
      { name: 'minutes', label: t('roaming.limit.minutes'), type: 'number', min: 1, hint: t('roaming.limit.minutes.hint') },
    ],
    send: ({ limit, minutes }) => send('set-profile', {
      schedule: {
        unit: 'W', periods: [{ start_s: 0, limit: Math.round(Number(limit) * 1000) }],
        // For a while is from now on; for good is from the session's start.
        ...(minutes ? { starts_at: new Date().toISOString(), duration_s: minutes * 60 } : {}),
      },
    }),
    done: () => {
      announce(t('roaming.sent'));
      load();
    },
  });
}

function preferDialog(session) {
  formDialog({
    title: t('roaming.prefer'), intro: t('roaming.prefer.text'), submit: t('roaming.prefer.submit'),
    fields: [
      {
        name: 'kind', label: t('roaming.prefer.kind'), type: 'select', required: true,
        options: ['REGULAR', 'CHEAP', 'FAST', 'GREEN'].map((value) => ({ value, label: word('preference', value.toLowerCase()) })),
      },
      { name: 'departs_at', label: t('roaming.prefer.departs'), type: 'datetime-local' },
      { name: 'energy_kwh', label: t('roaming.prefer.energy'), type: 'decimal', pattern: '[0-9]+([.,][0-9]+)?' },
    ],
    send: ({ departs_at: leaves, ...wish }) => replace(path`/roaming/sessions/${session.id}/preferences`, given({
      ...wish, departs_at: leaves && new Date(leaves).toISOString(),
    })),
    done: ({ answer }) => dialog(t('roaming.prefer'), () => h('p', null, word('preference.answer', answer.toLowerCase()))),
  });
}

/// From when on how much, as the operator of the station told it.
function planTable(plan) {
  const begin = plan.starts_at && new Date(plan.starts_at).getTime();
  const from = (seconds) => (begin ? timeMark(new Date(begin + seconds * 1000).toISOString()) : duration(seconds));
  return plainTable(t('roaming.plan'), [{ label: t('roaming.plan.from'), head: true }, { label: t('roaming.plan.most'), num: true }],
    plan.periods.map((period) => [from(period.start_s), `${number(period.limit, 1)} ${plan.unit}`]), 'narrow');
}

function commandTable(commands) {
  return plainTable(t('roaming.asked'), [
    { label: t('col.what'), head: true }, { label: t('col.state') }, { label: t('roaming.answer') }, { label: t('col.start') },
  ], commands.map((c) => [
    word('verb', c.verb), mark('command', c.phase),
    [c.answer?.result ?? c.answer?.answer ?? c.answer?.why, c.answer?.message].filter(Boolean).join(' · ') || none, timeMark(c.created_at),
  ]), 'narrow');
}
