// Sessions: those that run first and live, those that ended below them, page by page.

import { get, mayRun } from '../api.js';
import { openSessions, partners } from '../books.js';
import { stopSession } from '../commands.js';
import { confirmClose } from '../closing.js';
import { h, path } from '../dom.js';
import { duration, kilowattHours, kilowatts, lasting, money, moneyInFull, none, percent, timeMark } from '../format.js';
import { filterBar } from '../forms.js';
import { t, word } from '../i18n.js';
import { onNews } from '../live.js';
import { pager } from '../pager.js';
import { LiveTable } from '../table.js';
import { mark } from '../states.js';

export async function show({ root, signal, query, head, keep }) {
  head({ title: t('nav.sessions'), sub: t('sessions.sub') });
  await partners.ready().catch(() => {});
  const open = new LiveTable({
    caption: t('sessions.open'), columns: sessionColumns({}), key: (s) => s.id, href: (s) => path`/sessions/${s.id}`, name: (s) => s.station,
    actions: sessionActions, empty: () => h('p', null, t('sessions.open.none')),
  });
  const ended = new LiveTable({
    caption: t('sessions.ended'), columns: sessionColumns({ ended: true }), key: (s) => s.id, href: (s) => path`/sessions/${s.id}`, name: (s) => s.station,
    empty: () => h('p', null, t('sessions.ended.none')),
  });
  const bar = filterBar([
    { name: 'station', type: 'search', label: t('sessions.station'), value: query.get('station') },
    {
      name: 'state', type: 'select', label: t('col.state'), value: query.get('state') ?? 'completed',
      options: ['completed', 'invalid', 'superseded'].map((s) => ({ value: s, label: word('session', s) })),
    },
    {
      name: 'partner', type: 'select', label: t('col.partner'), value: query.get('partner'),
      options: [
        { value: '', label: t('sessions.partner.all') },
        ...partners.list().map((p) => ({ value: String(p.id), label: p.name }))
      ],
    },
    { name: 'day', type: 'date', label: t('sessions.day'), value: query.get('day') },
  ], () => {
    keep(bar.values());
    drawOpen();
    list.begin();
  });
  const list = pager({
    signal, wait: 200,
    load: (cursor) => {
      const { station, state, partner, day } = bar.values();
      const from = day ? new Date(`${day}T00:00:00`) : null;
      const to = from ? new Date(from.getTime() + 86_400_000) : null;
      return get(
        '/sessions', { station, state, partner, from: from?.toISOString(), to: to?.toISOString(), limit: 100, cursor },
        { signal }
      );
    },
    draw: (items, fresh) => (fresh ? ended.showNow(items) : ended.show(items)),
  });
  const drawOpen = () => {
    const { station, partner } = bar.values();
    open.show(openSessions.list()
      .filter(
        (s) => (!station || s.station === station || s.station?.toLowerCase().includes(station.toLowerCase())) && (
          !partner || String(s.partner?.id) === partner
        )
      )
      .sort((a, b) => (a.started_at < b.started_at ? 1 : -1)));
  };
  root.append(bar, h('section', null, h('h2', null, t('sessions.open')), open.element),
    h('section', null, h('h2', null, t('sessions.ended')), ended.element, list.element));
  openSessions.listen(drawOpen, signal);
  onNews(({ events }) => {
    if (events?.some((e) => [
      'session.ended', 'session.closed', 'session.invalid', 'cdr.made',
    ].includes(e.kind))) list.refresh();
  }, signal);
  await Promise.all([openSessions.ready(), list.begin()]);
  drawOpen();
}

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

/// What can be done with a session.
export function sessionActions(session) {
  if (!mayRun() || session.ended_at) return [];
  return [
    {
      label: t('action.stop'), key: 't', run: () => stopSession(session),
      disabled: !session.station || session.state === 'pending', why: t('action.pending.session'),
    },
    { label: t('action.close'), key: 'c', danger: true, run: () => confirmClose(session) },
  ];
}

