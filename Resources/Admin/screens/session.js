// One session: figures, power, price, and one timeline from the station's messages to the partner's answer.

import { get } from '../api.js';
import { openSessions } from '../books.js';
import { AreaChart } from '../chart.js';
import { eventLine, partnerLink, short } from '../events.js';
import { reading } from '../dialog.js';
import { fill, h, path } from '../dom.js';
import {
  ago, clockInFull, duration, kilowattHours, kilowatts, lasting, money, moneyInFull, none, now, number, percent,
  timeMark,
} from '../format.js';
import { t, word } from '../i18n.js';
import { onNews } from '../live.js';
import { flash, LiveTable, plainTable } from '../table.js';
import { mark } from '../states.js';
import { showMessage } from './messages.js';
import { sessionActions } from './sessions.js';
import { settlementTable } from './station-money.js';
import { footprintSection, wishSection } from '../session-wishes.js';
import { priceInWords } from '../tariff-words.js';

// What a station says all the time; the timeline shows how often instead of each.
const chatter = ['MeterValues', 'Heartbeat'];
export async function show({ root, signal, params, head }) {
  const state = { session: await get(path`/sessions/${params.id}`, {}, { signal }), messages: [] };
  const zone = state.session.location?.time_zone;
  const figures = h('dl.kpis');
  const chart = new AreaChart(t('session.power'), 'kW', {
    zone, empty: t('session.power.empty'), isOver: () => Boolean(state.session.ended_at),
  });
  const facts = h('dl.facts'), price = h('div.stack'), timeline = h('div'), pushes = h('div'), trouble = h('div');
  const drawHead = () => {
    const s = state.session;
    head({
      title: t('session.title', { station: s.station ?? t('sessions.removed') }), back: {
        href: '/sessions', label: t('nav.sessions'),
      },
      sub: [
        mark('session', s.state), h('span', null, s.location?.name ?? none), h('span.id', null, short(s.id)),
        s.ending && h('span', null, word('ending', s.ending)),
      ],
      buttons: sessionActions(s).map((action) => h('button', {
        type: 'button', class: action.danger ? '' : 'primary', disabled: action.disabled, title: action.disabled ? action.why : null,
        'aria-keyshortcuts': `. ${action.key}`, on: { click: action.run },
      }, action.label)),
      actions: sessionActions(s).length ? () => sessionActions(state.session) : null,
    });
  };
  drawHead();
  const wishes = wishSection(() => state.session, () => reload());
  const footprint = footprintSection(() => state.session, signal);
  root.append(trouble, h('section', { 'aria-label': t('session.figures') }, figures),
    h(
      'div.two', null, h('section', null, h('h2', null, t('session.power')), chart.element),
      h('section', null, h('h2', null, t('session.facts')), facts)
    ),
    wishes, h('section', null, h('h2', null, t('session.timeline')), timeline),
    price, footprint, pushes);

  const move = figuresOf(figures);
  const points = powerOf(state.session);
  const draw = () => {
    move(state.session);
    drawFacts(facts, state.session);
    drawPrice(price, state.session, zone);
    drawTimeline(timeline, state, zone);
    drawPushes(pushes, state.session);
    wishes.draw();
    chart.show(points);
  };
  draw();
  footprint.begin();
  loadMessages(state, signal).then(() => { if (!signal.aborted) drawTimeline(timeline, state, zone); });

  openSessions.listen(() => {
    const live = openSessions.get(params.id);
    if (!live || state.session.ended_at) return;
    const { energy_kwh, exported_kwh, power_kw, state_of_charge, cost, duration_seconds } = live;
    if (power_kw !== null && power_kw !== undefined && power_kw !== state.session.power_kw) points.push({
      at: Date.now(), value: Number(power_kw),
    });
    const drawsFacts = exported_kwh !== state.session.exported_kwh;
    state.session = { ...state.session, energy_kwh, exported_kwh, power_kw, state_of_charge, cost, duration_seconds };
    move(state.session);
    if (drawsFacts) drawFacts(facts, state.session);
    chart.show(points);
  }, signal);

  let pending = null;
  const reload = () => {
    pending ??= setTimeout(() => {
      pending = null;
      reading(trouble, async () => {
        const { state: before, cdr } = state.session;
        state.session = await get(path`/sessions/${params.id}`, {}, { signal });
        if (before !== state.session.state) drawHead();
        if (before !== state.session.state || cdr !== state.session.cdr) footprint.begin();
        points.splice(0, points.length, ...powerOf(state.session));
        await loadMessages(state, signal);
        if (!signal.aborted) draw();
      }, signal);
    }, 400);
  };
  onNews(({ events }) => {
    const mine = (e) => e.subject === `session/${params.id}` || e.body?.session === params.id || e.subject === `command/${state.session.command}`
      || (e.kind.startsWith('push.') && e.subject === `partner/${state.session.partner?.id}`);
    if (events?.some(mine)) reload();
  }, signal);
}

function powerOf(session) {
  return session.readings.filter((r) => r.power_kw !== null).map((r) => ({
    at: new Date(r.at).getTime(), value: Number(r.power_kw),
  }));
}

function figuresOf(list) {
  const cells = {};
  for (const name of ['power', 'energy', 'cost', 'time', 'soc']) {
    cells[name] = h('dd.fig');
    list.append(h('div', null, h('dt', null, t(`session.kpi.${name}`)), cells[name]));
  }
  const set = (name, content, sign, title = '') => {
    const cell = cells[name];
    if (cell.sign === sign) return;
    fill(cell, content);
    cell.title = title;
    if (cell.sign !== undefined) flash(cell);
    cell.sign = sign;
  };
  return (s) => {
    set('power', s.ended_at ? none : kilowatts(s.power_kw), s.ended_at ? '' : s.power_kw);
    set('energy', kilowattHours(s.energy_kwh), s.energy_kwh);
    set('cost', money(s.cost), money(s.cost), moneyInFull(s.cost));
    set('time', s.ended_at ? duration(s.duration_seconds) : lasting(s.started_at), s.ended_at ?? 'open');
    set('soc', percent(s.state_of_charge), s.state_of_charge);
  };
}

function drawFacts(list, s) {
  const fact = (label, value) => [h('dt', null, label), h('dd', null, value ?? none)];
  fill(list, [
    fact(
      t('col.station'),
      s.station ? h(
        'a.id', { href: path`/stations/${s.station}` }, s.station, s.evse ? ` · ${s.evse}` : ''
      ) : t('sessions.removed')
    ),
    fact(t('col.token'), [h('span.id', null, s.token.uid), ` · ${word('token_type', s.token.type)}`]),
    fact(t('fact.contract'), h('span.id', null, s.token.contract_id)),
    fact(
      t('col.partner'),
      s.partner ? partnerLink(s.partner.id, s.partner.name) : t('sessions.ours')
    ),
    fact(t('fact.auth'), word('auth', s.auth_method)),
    fact(t('col.start'), timeMark(s.started_at, s.location?.time_zone)), fact(
      t('col.end'), timeMark(s.ended_at, s.location?.time_zone)
    ),
    fact(t('fact.meter'), `${kilowattHours(s.meter_start_kwh)} → ${kilowattHours(s.meter_last_kwh)}`),
    s.exported_kwh !== null && s.exported_kwh !== undefined && fact(t('fact.exported'), kilowattHours(s.exported_kwh)),
    fact(t('fact.reading'), ago(s.last_reading_at)),
    fact(t('fact.transaction'), s.transaction_id === null ? none : h('span.id', null, String(s.transaction_id))),
    s.need && fact(t('fact.need'), needParts(s.need, s.location?.time_zone)),
    fact(t('col.tariff'), s.tariff ? priceInWords(s.tariff) : t('session.no_tariff')),
    fact(t('fact.cdr'), s.cdr ? h('a.id', { href: path`/cdrs/${s.cdr}` }, short(s.cdr)) : none),
  ]);
}

/// What it was asked to get: energy, until when, and how far before others.
function needParts(need, zone) {
  return [
    need.energy_kwh && kilowattHours(need.energy_kwh), need.departs_at && timeMark(need.departs_at, zone),
    need.priority > 0 && t('fact.need.priority', { n: need.priority }),
  ].filter(Boolean).flatMap((part, place) => (place > 0 ? [' · ', part] : [part]));
}

function drawPrice(place, s, zone) {
  const parts = costRows(s.costs);
  fill(place, settlementTable(s.settlements, zone), parts.length > 1 && h('section', null, h('h2', null, t('session.price')), parts && costTable(s.costs)),
    s.periods.length > 0 && h('section', null, h('h2', null, t('session.periods')), periodTable(s.periods, zone)));
}

function costRows(costs) {
  if (!costs) return [];
  const isSomething = ({ excl_vat: net, incl_vat: gross }) => Number(net) !== 0 || Number(gross ?? 0) !== 0;
  return ['energy', 'time', 'parking', 'reservation', 'fixed', 'total'].filter(
    (part) => costs[part] && (part === 'total' || isSomething(costs[part]))
  ).map(
    (part) => [part, costs[part]]
  );
}

/// What the parts come to.
export function costTable(costs) {
  return plainTable(t('session.price'), [
    { label: t('col.part'), head: true }, { label: t('col.excl'), num: true }, { label: t('col.incl'), num: true },
  ],
    costRows(costs).map(([part, cost]) => [
      word('cost', part), money({ ...cost, incl_vat: null }), cost.incl_vat === null ? none : money(cost),
    ]), 'narrow');
}

/// The charging periods.
export function periodTable(periods, zone) {
  const flowsBack = periods.some((p) => Number(p.exported_kwh) > 0);
  return plainTable(t('session.periods'),
    [
      { label: t('col.start'), head: true }, { label: t('col.duration'), num: true }, { label: t('col.activity') },
      { label: t('col.energy'), num: true }, flowsBack && { label: t('fact.exported'), num: true },
      { label: t('col.max_power'), num: true },
    ].filter(Boolean),
    periods.map((p) => [
      timeMark(p.start, zone), duration(p.seconds), word('activity', p.activity), kilowattHours(p.energy_kwh),
      ...(flowsBack ? [kilowattHours(p.exported_kwh)] : []), kilowatts(p.max_power_kw),
    ]), 'narrow');
}

/// What went over the station's wire while the session ran, from shortly before its start. The log is read from its newest end, so
/// this is for sessions of today; older ones get a link into the log.
async function loadMessages(state, signal) {
  const s = state.session;
  const until = s.ended_at ? new Date(s.ended_at).getTime() + 60_000 : Infinity;
  if (!s.station || until < now() - 3 * 3_600_000) return;
  const from = new Date(new Date(s.started_at).getTime() - 60_000).toISOString();
  try {
    const page = await get('/messages', { door: 'ocpp', peer: s.station, from, limit: 500 }, { signal });
    state.messages = page.items.filter((m) => new Date(m.at).getTime() <= until);
  } catch { /* A house may keep no message log; the timeline then has the facts alone. */ }
}

function drawTimeline(place, state, zone) {
  const s = state.session;
  const quiet = state.messages.filter((m) => chatter.includes(m.action) && m.direction === 'in');
  const entries = [
    ...s.timeline.map((entry) => ({ at: entry.at, kind: entry.kind, content: [sourceMark(entry.kind), ' ', eventLine({
      ...entry, station: s.station, partner: s.partner?.name,
    })] })),
    ...state.messages.filter((m) => !chatter.includes(m.action) && m.action).map((m) => ({
      at: m.at, kind: 'message', content: [h('span.tag', null, 'OCPP'), ' ', m.direction === 'in' ? t('timeline.in') : t('timeline.out'), ' ',
        h(
          'button.link', { type: 'button', on: { click: () => showMessage(m) } }, m.action
        ), m.error ? h('span.mute', null, ` · ${t('messages.error')}`) : ''],
    })),
  ];
  if (quiet.length) {
    entries.push({
      at: quiet[0].at, kind: 'message',
      content: [h('span.tag', null, 'OCPP'), ' ', t('timeline.readings', { n: quiet.length })],
    });
  }
  entries.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  const list = h('ol.timeline', null, entries.map((entry) => h('li', { data: { kind: entry.kind.split('.')[0] } },
    h(
      'time', { datetime: entry.at, title: timeMark(entry.at, zone).title }, clockInFull(entry.at, zone)
    ), h('div', null, entry.content))));
  const from = new Date(new Date(s.started_at).getTime() - 60_000).toISOString();
  fill(place, entries.length ? list : h('p.mute', null, t('timeline.none')),
    s.station && !state.messages.length && h(
      'p', null, h('a', { href: path`/messages?peer=${s.station}&from=${from}` }, t('timeline.messages'))
    ));
}

function sourceMark(kind) {
  const family = kind.split('.')[0];
  return h('span.tag', { data: { family } }, word('timeline.source', family));
}

function drawPushes(place, s) {
  if (!s.pushes.length) return place.replaceChildren();
  fill(place, h('section', null, h('h2', null, t('session.pushes')), pushTable(s.pushes).element));
}

/// Pushes, here and at a partner.
export function pushTable(rows, { empty, isOnePartner } = {}) {
  const table = new LiveTable({
    caption: t('session.pushes'), key: (p) => `${p.partner.id}/${p.module}/${p.object}`, empty,
    columns: [
      { id: 'what', label: t('col.what'), head: true, cell: (p) => `${word('module', p.module)} ${short(p.object)}` },
      !isOnePartner && {
        id: 'partner', label: t('col.partner'),
        cell: (p) => partnerLink(p.partner.id, p.partner.name),
      },
      { id: 'state', label: t('col.state'), cell: (p) => mark('push', p.state) },
      { id: 'attempts', label: t('col.attempts'), num: true, cell: (p) => (p.attempts ? number(p.attempts) : none) },
      { id: 'due', label: t('col.waits'), calm: true, cell: (p) => ago(p.due_since) },
      { id: 'next', label: t('col.next'), calm: true, cell: (p) => (p.state === 'due' ? ago(p.next_at) : none) },
      { id: 'sent', label: t('col.sent'), cell: (p) => ago(p.sent_at) },
      { id: 'error', label: t('col.error'), wide: true, cut: true, cell: (p) => p.last_error ?? none },
    ].filter(Boolean),
  });
  table.show(rows);
  return table;
}
