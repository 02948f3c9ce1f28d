// The columns of tables of sessions, for the overview, the list of them and the CDRs.

import { h, path } from './dom.js';
import { duration, kilowattHours, kilowatts, lasting, money, moneyInFull, none, percent, timeMark } from './format.js';
import { t, word } from './i18n.js';
import { mark } from './states.js';

/// The columns of sessions: `short` for the overview, `ended` for the books.
export function sessionColumns({ short, ended }) {
  return [
    {
      id: 'station', label: t('col.station'), head: true, sort: (s) => s.station,
      cell: (s) => h(
        'a.id', { href: path`/sessions/${s.id}` }, s.station ?? t('sessions.removed'), s.evse ? ` · ${s.evse}` : ''
      ),
    },
    { id: 'state', label: t('col.state'), sort: (s) => s.state, cell: (s) => mark('session', s.state) },
    !short && {
      id: 'site', label: t('col.site'), sort: (s) => s.location?.name, cut: true, cell: (s) => s.location?.name ?? none,
    },
    { id: 'token', label: t('col.token'), sort: (s) => s.token.uid, cut: true, cell: tokenCell },
    {
      id: 'partner', label: t('col.partner'), sort: (s) => s.partner?.name, cut: true,
      cell: (s) => s.partner?.name ?? h('span.mute', null, t('sessions.ours')),
    },
    {
      id: 'start', label: t('col.start'), sort: (s) => s.started_at,
      cell: (s) => timeMark(s.started_at, s.location?.time_zone),
    },
    ended ? {
      id: 'for', label: t('col.duration'), num: true, sort: (s) => s.duration_seconds,
      cell: (s) => duration(s.duration_seconds),
    }
      : {
        id: 'for', label: t('col.duration'), num: true, calm: true, sort: (s) => s.duration_seconds,
        cell: (s) => (s.state === 'pending' ? none : lasting(s.started_at)),
      },
    !ended && {
      id: 'power', label: t('col.power'), num: true, sort: (s) => Number(s.power_kw ?? -1),
      cell: (s) => kilowatts(s.power_kw),
    },
    {
      id: 'energy', label: t('col.energy'), num: true, sort: (s) => Number(s.energy_kwh),
      cell: (s) => kilowattHours(s.energy_kwh),
    },
    !ended && !short && { id: 'soc', label: t('col.soc'), num: true, cell: (s) => percent(s.state_of_charge) },
    {
      id: 'cost', label: t('col.cost'), num: true, sort: (s) => Number(s.cost?.excl_vat ?? -1),
      cell: (s) => h('span', { title: moneyInFull(s.cost) }, money(s.cost)),
    },
    ended && { id: 'ending', label: t('col.ending'), cell: (s) => (s.ending ? word('ending', s.ending) : none) },
  ].filter(Boolean);
}

/// The token as people know it.
export function tokenCell(session) {
  return h(
    'span', { title: `${session.token.contract_id} · ${word('token_type', session.token.type)}` },
    h('span.id', null, session.token.uid)
  );
}
