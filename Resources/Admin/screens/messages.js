// The message log: OCPP and OCPI in one, filtered, followed live, each message with its answer.

import { get, mayRun, post } from '../api.js';
import { codeBlock, dialog, reading } from '../dialog.js';
import { announce, fill, h, path } from '../dom.js';
import { clockInFull, day, number, seconds, timeMark } from '../format.js';
import { filterBar } from '../forms.js';
import { t } from '../i18n.js';
import { csvButton } from '../lists.js';
import { onNews } from '../live.js';
import { pager } from '../pager.js';
import { LiveTable } from '../table.js';
import { savedViews } from '../views.js';

const beat = 2000;   // Milliseconds between two looks at the log while it is followed.

export async function show({ root, signal, query, head, keep }) {
  head({ title: t('nav.messages'), sub: t('messages.sub') });
  const choice = (name, key, values) => ({
    name, type: 'select', label: t(key), value: query.get(name),
    options: [
      { value: '', label: t(`${key}.all`) }, ...values.map((value) => ({ value, label: t(`messages.${value}`) }))
    ],
  });
  const follow = h('input', { type: 'checkbox', checked: query.get('live') !== '0' });
  const bar = filterBar([
    { name: 'q', type: 'search', label: t('messages.filter'), value: query.get('q') },
    { name: 'peer', type: 'text', label: t('messages.peer'), value: query.get('peer'), size: 14 },
    { name: 'action', type: 'text', label: t('messages.action'), value: query.get('action'), size: 16 },
    choice('door', 'messages.door', ['ocpp', 'ocpi']),
    choice('direction', 'messages.direction', ['in', 'out']),
    { name: 'errors', type: 'check', label: t('messages.errors'), value: query.get('errors') === '1' },
  ], () => {
    keep({ ...bar.values(), from: query.get('from') });
    view.begin();
  }, h('label.chip', null, follow, t('messages.live')),
  h('button', { type: 'button', on: { click: () => exportRows(view.items) } }, t('messages.export')));
  bar.append(csvButton('/messages', () => ({ ...bar.values(), from: query.get('from') })), savedViews('messages'));
  const view = messageTable({
    signal, wait: 250, filter: () => ({ ...bar.values(), from: query.get('from') }), isFollowing: () => follow.checked,
    columns: ['time', 'door', 'direction', 'peer', 'action', 'text'],
  });
  const kept = parkedSection({ signal });
  root.append(kept.element, bar, view.element);
  await Promise.all([view.begin(), kept.begin()]);
}

/// Messages that were answered and changed nothing, until somebody dealt with them; hidden while there are none.
export function parkedSection({ signal, station }) {
  const element = h('section', { hidden: true });
  const table = new LiveTable({
    caption: t('parked.title'), key: (m) => m.id, name: (m) => m.action, open: showParked,
    actions: (m) => (mayRun() ? [{ label: t('parked.settle'), key: 's', run: () => settle(m) }] : []),
    columns: [
      { id: 'at', label: t('col.time'), head: true, cell: (m) => timeMark(m.received_at) },
      !station && {
        id: 'station', label: t('col.station'),
        cell: (m) => (m.station ? h('a.id', { href: path`/stations/${m.station}` }, m.station) : t('sessions.removed')),
      },
      { id: 'action', label: t('messages.action'), cell: (m) => h('span.id', null, m.action) },
      { id: 'count', label: t('tokens.times'), num: true, cell: (m) => number(m.count) },
      { id: 'why', label: t('parked.why'), wide: true, cut: true, cell: (m) => m.why },
    ].filter(Boolean),
  });
  const list = pager({
    signal, load: (cursor) => get('/parked', { station, limit: 50, cursor }, { signal }),
    draw: (items, fresh) => {
      element.hidden = items.length === 0;
      if (fresh) table.showNow(items); else table.show(items);
    },
  });
  const settle = async (message) => {
    await post(path`/parked/${message.id}/settle`, {});
    announce(t('parked.settled'));
    list.begin();
  };
  element.append(h('div.section-head', null, h('h2', null, t('parked.title')), csvButton('/parked', () => ({ station }))), h('p.mute', null, t('parked.text')), table.element, list.element);
  onNews(({ events }) => { if (events?.some((e) => e.kind === 'station.parked')) list.refresh(); }, signal);
  return { element, begin: () => list.begin() };
}

function showParked(message) {
  dialog(`${message.station ?? ''} ${message.action}`, () => [
    h('p', null, message.why), h('p.mute', null, t('parked.text')), codeBlock(JSON.stringify(message.payload, null, 2)),
  ], { cls: 'sheet' });
}

/// A table of messages that follows the log. `filter()` gives what to ask for.
export function messageTable({ filter, columns, signal, wait = 0, isFollowing = () => true }) {
  const all = {
    time: {
      id: 'time', label: t('col.time'), head: true,
      cell: (m) => { const mark = timeMark(m.at, undefined, clockInFull); mark.title = `${day(m.at)} ${clockInFull(m.at)}`; return mark; },
    },
    door: { id: 'door', label: t('messages.door'), cell: (m) => h('span.tag', null, m.door.toUpperCase()) },
    direction: {
      id: 'direction', label: t('messages.direction'),
      cell: (m) => h(
        'span', null, h('span', { 'aria-hidden': 'true' }, m.direction === 'in' ? '→ ' : '← '),
        t(`messages.${m.direction}`)
      ),
    },
    peer: {
      id: 'peer', label: t('messages.peer'),
      cell: (m) => (
        m.door === 'ocpp' ? h('a.id', { href: path`/stations/${m.peer}` }, m.peer) : h('span', null, m.peer)
      ),
    },
    action: {
      id: 'action', label: t('messages.action'),
      cell: (m) => h(
        'span', null, m.error ? h('span.bad', null, `▲ ${t('messages.error')} `) : '',
        m.action ?? h('span.mute', null, t('messages.answer'))
      ),
    },
    text: {
      id: 'text', label: t('messages.text'), wide: true, cut: true, cell: (m) => h('code', null, m.text.slice(0, 240)),
    },
  };
  const table = new LiveTable({
    caption: t('nav.messages'), class: 'log', key: (m) => m.id, open: (m) => showMessage(m, list.items), columns: columns.map((name) => all[name]),
    name: (m) => m.action ?? t('messages.answer'), tone: (m) => (m.error ? 'bad' : ''),
    empty: () => h('p', null, t('messages.none')),
  });
  const list = pager({
    signal, wait, load: (cursor) => get('/messages', { limit: 100, ...filter(), cursor }, { signal }),
    draw: (items, fresh) => (fresh ? table.showNow(items) : table.show(items)),
  });
  const timer = setInterval(
    () => { if (isFollowing() && !document.hidden && !document.querySelector('dialog[open]')) list.refresh(); }, beat
  );
  signal.addEventListener('abort', () => clearInterval(timer));
  return {
    element: h('div', null, table.element, list.element), begin: () => list.begin(), get items() { return list.items; },
  };
}

/// A message in full, with its answer or its call and the time between them.
export function showMessage(message, around = []) {
  const other = h('div');
  dialog(`${message.door.toUpperCase()} · ${message.action ?? t('messages.answer')}`, () => [
    h('dl.facts', null,
      h('dt', null, t('col.time')), h('dd', null, day(message.at), ' ', clockInFull(message.at)),
      h('dt', null, t('messages.peer')), h(
        'dd', null, h('span.id', null, message.peer), ` · ${t(`messages.${message.direction}`)}`
      ),
      h('dt', null, t('messages.correlation')), h('dd', null, h('span.id', null, message.correlation ?? '–')),
      message.error && [h('dt', null, t('col.state')), h('dd.bad', null, t('messages.error'))]),
    codeBlock(pretty(message.text)), other,
  ], { cls: 'sheet' });
  reading(other, async () => showPair(other, message, message.correlation ? await findPair(message, around) : null));
}

function showPair(place, message, pair) {
  if (!pair) return fill(place, h('p.mute', null, t('messages.alone')));
  const took = Math.abs(new Date(pair.at) - new Date(message.at));
  return fill(place, h(
    'h3', null,
    pair.at >= message.at && pair.id > message.id ? t('messages.answered', { after: seconds(took) }) : t(
      'messages.called', { before: seconds(took) }
    )
  ),
    pair.error && h('p.bad', null, t('messages.error')), codeBlock(pretty(pair.text)));
}

async function findPair(message, around) {
  const isPair = (m) => m.id !== message.id && m.correlation === message.correlation && m.peer === message.peer && m.direction !== message.direction;
  const near = around.find(isPair);
  if (near) return near;
  const from = new Date(new Date(message.at).getTime() - 120_000).toISOString();
  const page = await get('/messages', { door: message.door, peer: message.peer, q: message.correlation, from, limit: 20 });
  return page.items.find(isPair) ?? null;
}

/// JSON with its lines broken; a message of OCPI may begin with a head that is none.
export function pretty(text) {
  const start = text.search(/[[{]/);
  if (start < 0) return text;
  try {
    return text.slice(0, start) + JSON.stringify(JSON.parse(text.slice(start)), null, 2);
  } catch {
    return text;
  }
}

function exportRows(items) {
  const blob = new Blob([items.map((m) => JSON.stringify(m)).join('\n')], { type: 'application/jsonl' });
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = 'messages.jsonl';
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

