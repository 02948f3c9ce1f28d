// The first screen: what needs a person, then the figures of now and today.

import { get, me } from '../api.js';
import { openSessions, overview } from '../books.js';
import { AreaChart } from '../chart.js';
import { fill, h, path } from '../dom.js';
import { ago, kilowattHours, kilowatts, money, now, number } from '../format.js';
import { t, word } from '../i18n.js';
import { onNews } from '../live.js';
import { flash, LiveTable } from '../table.js';
import { glyph, mark } from '../states.js';
import { eventLine, partnerLink } from '../events.js';
import { sessionColumns } from '../session-columns.js';
import { later } from '../rest.js';

const feedLength = 9;
const remembered = 900;     // Points of the power chart: as many seconds.
const power = [];           // Kept while the page lives, so that coming back finds the line.

setInterval(() => {
  if (!openSessions.complete) return;
  power.push({ at: now(), value: total() });
  if (power.length > remembered) power.shift();
}, 1000);

let earlier = [];           // What the daemon noted before.

/// The line up to now. Whoever sees some sites only begins it with the page.
async function lookBack(signal) {
  if (me.sites !== null) return;
  earlier = (await get('/power', {}, { signal })).items.map((one) => ({ at: new Date(one.at).getTime(), value: Number(one.power_kw) }));
}

const line = () => [...earlier.filter((one) => !power.length || one.at < power[0].at), ...power];

function total() {
  return openSessions.list().reduce(
    (sum, session) => sum + (session.state === 'active' ? Number(session.power_kw ?? 0) : 0), 0
  );
}

export async function show({ root, signal, head }) {
  head({ title: t('nav.overview'), sub: t('overview.sub') });
  const [state] = await Promise.all([overview.load(), openSessions.ready()]);
  if (signal.aborted) return;

  const begin = h('section', { hidden: true });
  const needs = needsTable();
  const figures = h('dl.kpis');
  const evses = h('ul.strip', { 'aria-label': t('overview.evses') });
  const chart = new AreaChart(t('overview.power'), 'kW', { empty: t('overview.power.empty'), height: 204 });
  const active = new LiveTable({
    caption: t('overview.active'), columns: sessionColumns({ short: true }), key: (s) => s.id, href: (s) => path`/sessions/${s.id}`,
    empty: () => h('p', null, t('overview.active.none')),
  });
  const feed = h('ol.feed');
  root.append(begin,
    h('section', null, h('h2', null, t('overview.needs')), needs.element),
    h('section', { 'aria-label': t('overview.figures') }, figures, evses),
    h('div.two', null,
      h('section', null, h('h2', null, t('overview.power.title')), chart.element),
      h('section', null, h('h2', null, t('overview.feed')), feed)),
    h(
      'section', null, h('h2', null, t('overview.active'), ' ', h('a.more', { href: '/sessions' }, t('overview.all'))),
      active.element
    ));

  const figure = figuresOf(figures);
  const draw = () => {
    const current = overview.now;
    needs.show(current.needs_attention);
    figure(current);
    fill(evses, Object.entries(current.evses).filter(([, n]) => n > 0).map(([status, n]) => h('li', null,
      h(
        'a', { href: `/stations?status=${status}` }, glyph('evse', status), h('b', null, number(n)), ' ',
        word('evse', status)
      ))));
  };
  const drawSessions = () => {
    active.show(
      openSessions.list().filter(
        (s) => s.state !== 'superseded'
      ).sort((a, b) => (a.started_at < b.started_at ? 1 : -1)).slice(0, 50)
    );
    figure.power(total());
  };
  overview.addEventListener('change', draw, { signal });
  openSessions.listen(drawSessions, signal);
  draw();
  drawSessions();
  chart.show(line());
  const timer = setInterval(() => chart.show(line()), 1000);
  signal.addEventListener('abort', () => clearInterval(timer));

  // Until a newcomer's house earns money, or until they have seen enough of the steps to it.
  let isLed = me.first_run.is_over;
  try { isLed ||= localStorage.getItem('ostler.steps'); } catch { /* They are shown again. */ }
  if (!isLed) later('screens/first-run').then(({ lead }) => lead(begin, signal), () => {});

  const [page] = await Promise.all([get('/events', { newest: true, limit: feedLength }, { signal }), lookBack(signal)]);
  feed.append(h('li.none.mute', null, t('overview.feed.none')));
  const add = (event, isNew) => {
    const line = eventLine(event);
    feed.querySelector('.none')?.remove();
    const item = h('li', null, ago(event.at), h('span', null, line));
    feed.prepend(item);
    if (isNew) flash(item);
    while (feed.children.length > feedLength) feed.lastChild.remove();
  };
  for (const event of page.items.reverse()) add(event, false);
  onNews(({ events }) => { for (const event of (events ?? []).slice(-feedLength)) add(event, true); }, signal);
}

function needsTable() {
  const about = (one) => {
    if (one.session) return h('a', { href: path`/sessions/${one.session}` }, one.station ?? one.session);
    if (one.cdr) return h('a', { href: path`/cdrs/${one.cdr}` }, one.cdr);
    if (one.kind === 'station_knocking') return one.station ? h('span.id', null, one.station) : '';
    if (one.station) return h('a.id', { href: leads(one) }, one.station, one.evse ? ` · ${one.evse}` : '');
    if (one.partner) return partnerLink(one.partner.id, one.partner.name);
    return one.count > 1 ? h('a', { href: wherever(one.kind) }, t('overview.count', { n: one.count })) : '';
  };
  return new LiveTable({
    caption: t('overview.needs'),
    key: (one) => [one.kind, one.station, one.evse, one.session, one.cdr, one.partner?.id].join('/'),
    name: (one) => word('attention', one.kind),
    href: (one) => leads(one),
    empty: () => h('p.all-well', null, glyph('yes', 'ok'), t('overview.needs.none')),
    columns: [
      { id: 'kind', label: t('col.what'), head: true, cell: (one) => mark('attention', one.kind) },
      { id: 'about', label: t('col.where'), cell: about },
      { id: 'count', label: t('col.count'), num: true, cell: (one) => (one.count > 1 ? number(one.count) : '') },
      { id: 'since', label: t('col.since'), cell: (one) => ago(one.since) },
      {
        id: 'detail', label: t('col.detail'), wide: true, cut: true,
        cell: (one) => one.detail ?? h('span.mute', null, word('attention.hint', one.kind)),
      },
    ],
  });
}

function wherever(kind) {
  if (kind.startsWith('house')) return '/settings';
  if (kind.startsWith('cdr')) return '/cdrs?held=1';
  if (kind.startsWith('push') || kind.startsWith('partner')) return '/partners';
  if (kind.startsWith('session')) return '/sessions';
  if (kind === 'message_parked') return '/messages';
  return kind === 'station_offline' ? '/stations?status=offline' : '/stations';
}

function leads(one) {
  if (one.session) return path`/sessions/${one.session}`;
  if (one.cdr) return path`/cdrs/${one.cdr}`;
  if (one.kind === 'station_knocking') return '/stations#knocks';
  if (one.station) return path`/stations/${one.station}` + (one.kind === 'message_parked' ? '?tab=messages' : '');
  if (one.partner) return path`/partners/${one.partner.id}`;
  return wherever(one.kind);
}

/// The strip of figures; those that change flash.
function figuresOf(list) {
  const cells = new Map();
  const set = (name, label, value, note = '') => {
    if (!cells.has(name)) {
      const cell = { value: h('dd.fig'), note: h('dd.mute') };
      cells.set(name, cell);
      list.append(h('div', null, h('dt', null, label), cell.value, cell.note));
    }
    const cell = cells.get(name);
    if (cell.value.textContent !== value) {
      const first = cell.value.textContent === '';
      cell.value.textContent = value;
      if (!first) flash(cell.value);
    }
    cell.note.textContent = note;
  };
  const draw = (state) => {
    set('power', t('kpi.power'), kilowatts(total()), t('kpi.power.note', { n: state.sessions.active }));
    set(
      'energy', t('kpi.energy'), kilowattHours(state.energy_today_kwh, 1),
      t('kpi.energy.note', { n: state.sessions.today })
    );
    set('revenue', t('kpi.revenue'), state.revenue_today.map(money).join(' + ') || '–', t('kpi.revenue.note'));
    set('stations', t('kpi.stations'), `${number(state.stations.online)} / ${number(state.stations.total)}`,
      state.stations.offline ? t(
        'kpi.stations.off', { n: state.stations.offline }
      ) : state.stations.total ? t('kpi.stations.note') : t('kpi.stations.none'));
    set('push', t('kpi.push'), number(state.push_queue.due + state.push_queue.parked),
      state.push_queue.parked ? t(
        'kpi.push.parked', { n: state.push_queue.parked }
      ) : state.push_queue.due ? t('kpi.push.due') : t('kpi.push.note'));
  };
  draw.power = (kw) => { if (cells.has('power')) set(
    'power', '', kilowatts(kw), cells.get('power').note.textContent
  ); };
  return draw;
}
