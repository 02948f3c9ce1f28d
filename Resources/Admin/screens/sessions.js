// Sessions: those that run first and live, those that ended below them, page by page.

import { get, mayHelp, mayRun } from '../api.js';
import { locations, openSessions, partners } from '../books.js';
import { stopSession } from '../commands.js';
import { confirmClose } from '../closing.js';
import { reading } from '../dialog.js';
import { h, path } from '../dom.js';
import { filterBar } from '../forms.js';
import { t, word } from '../i18n.js';
import { csvButton, orderOf } from '../lists.js';
import { onNews } from '../live.js';
import { pager } from '../pager.js';
import { LiveTable } from '../table.js';
import { sessionColumns } from '../session-columns.js';
import { savedViews } from '../views.js';
import { inZone, zoneOf } from '../zones.js';

// Columns as the API names them.
const names = {
  station: 'station', state: 'state', site: 'location', token: 'token', partner: 'partner', start: 'started_at', for: 'duration_seconds',
  energy: 'energy_kwh', cost: 'cost', ending: 'ending',
};

export async function show({ root, signal, query, head, keep }) {
  await Promise.all([partners, locations].map((shelf) => shelf.ready().catch(() => {})));
  if (signal.aborted) return;
  const order = orderOf(query, () => changed());
  const open = new LiveTable({
    caption: t('sessions.open'), columns: sessionColumns({}), key: (s) => s.id, href: (s) => path`/sessions/${s.id}`, name: (s) => s.station,
    actions: sessionActions, empty: () => h('p', null, t('sessions.open.none')),
  });
  const ended = new LiveTable({
    caption: t('sessions.ended'), order, columns: sessionColumns({ ended: true }).map((column) => ({ ...column, by: names[column.id] })), key: (s) => s.id, href: (s) => path`/sessions/${s.id}`, name: (s) => s.station,
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
    { name: 'from', type: 'date', label: t('sessions.from'), value: query.get('from') },
    { name: 'to', type: 'date', label: t('sessions.to'), value: query.get('to') },
  ], () => changed(), savedViews('sessions'));
  function changed() {
    keep({ ...bar.values(), sort: order.text });
    drawOpen();
    list.begin();
  }
  const wanted = () => {
    const { station, state, partner, from, to } = bar.values();
    // Days begin by the clock of the house, which is that of its first site, as in analytics and months.
    const begin = (day, later = 0) => day && inZone(new Date(Date.parse(day) + later * 86_400_000).toISOString().slice(0, 16), zoneOf(locations.list())).toISOString();
    return { station, state, partner, from: begin(from), to: begin(to, 1) };
  };
  head({ title: t('nav.sessions'), sub: t('sessions.sub'), buttons: csvButton('/sessions', wanted) });
  const list = pager({
    signal, wait: 200, order,
    load: (cursor) => get('/sessions', { ...wanted(), sort: order.text, limit: 100, cursor }, { signal }),
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
  const running = h('div');
  root.append(bar, h('section', null, h('h2', null, t('sessions.open')), open.element, running),
    h('section', null, h('h2', null, t('sessions.ended')), ended.element, list.element));
  openSessions.listen(drawOpen, signal);
  onNews(({ events }) => {
    if (events?.some((e) => [
      'session.ended', 'session.closed', 'session.invalid', 'cdr.made',
    ].includes(e.kind))) list.refresh();
  }, signal);
  await Promise.all([reading(running, async () => {
    await openSessions.ready();
    drawOpen();
  }, signal), list.begin()]);
}

/// What can be done with a session.
export function sessionActions(session) {
  if (!mayHelp() || session.ended_at) return [];
  return [
    {
      label: t('action.stop'), key: 't', run: () => stopSession(session),
      disabled: !session.station || session.state === 'pending', why: t('action.pending.session'),
    },
    ...(mayRun() ? [{ label: t('action.close'), key: 'c', danger: true, run: () => confirmClose(session) }] : []),
  ];
}

