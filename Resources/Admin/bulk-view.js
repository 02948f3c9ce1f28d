// One action for many stations, as the daemon does it: how far it is, what each station said, and what can be done about it.

import { commandKey, get, mayHelp, mayRun, post } from './api.js';
import { locations } from './books.js';
import { inWords } from './commands.js';
import { reading } from './dialog.js';
import { announce, fill, h, path } from './dom.js';
import { who } from './events.js';
import { number, timeMark } from './format.js';
import { filterBar } from './forms.js';
import { t, word } from './i18n.js';
import { csvButton, doButton, facts, listSection } from './lists.js';
import { onNews } from './live.js';
import { paced } from './pager.js';
import { mark } from './states.js';

const states = ['waiting', 'running', 'done', 'refused', 'failed', 'stopped'];
const names = { 'set-configuration': 'key', 'move-back': 'undo' };
const ofSupport = ['trigger', 'availability', 'reset'];

/// What a run is called.
export function bulkName({ plan }) { return t(`bulk.${names[plan.verb] ?? plan.verb}`).replace(/…$/, ''); }

export function bulkTitle(run) { return `${bulkName(run)}: ${t('bulk.count', { n: run.stations })}`; }

/// How many stations of a run have an end.
export function doneOf({ stations, tally }) { return stations - tally.waiting - tally.running; }

/// A state of a station of a run, with its shape.
const family = (state) => (['waiting', 'running', 'stopped'].includes(state) ? 'duty' : 'command');
const stateMark = (state) => mark(family(state), state);

/// Shows the run of that id and follows it; `begun(run)` hears of one that was made of it, `changed(run)` of each time it is read.
export function runView(id, signal, { first = null, level = 'h2', begun, changed = () => {} }) {
  const trouble = h('div'), top = h('div.stack');
  const bar = filterBar([{
    name: 'state', type: 'select', label: t('col.state'), value: '',
    options: [{ value: '', label: t('bulk.all') }, ...states.map((state) => ({ value: state, label: word(family(state), state) }))],
  }], () => list.begin());
  const list = listSection({
    title: t('nav.stations'), level, url: path`/bulk-runs/${id}/stations`, values: () => bar.values(), bar, signal, page: 100,
    buttons: csvButton(path`/bulk-runs/${id}/stations`, () => bar.values()),
    key: (row) => row.station, name: (row) => row.station ?? '',
    columns: [
      { id: 'id', label: t('col.station'), head: true, cell: (row) => h('a.id', { href: path`/stations/${row.station}` }, row.station) },
      { id: 'state', label: t('col.state'), cell: (row) => stateMark(row.state) },
      { id: 'answer', label: t('col.answer'), wide: true, cell: (row) => inWords(row.answer) },
    ],
  });
  const read = () => reading(trouble, async () => draw(await get(path`/bulk-runs/${id}`, {}, { signal })), signal);
  let last = null;
  const act = (label, verb, next, cls) => doButton(t(label), async () => {
    const answer = await post(path`/bulk-runs/${id}/${verb}`, {}, { key: commandKey() });
    next(answer);
  }, { cls });
  const draw = (run) => {
    const { state, plan, tally, stations } = run;
    const isOver = state !== 'running';
    const bad = tally.refused + tally.failed, may = mayHelp() && (mayRun() || ofSupport.includes(plan.verb)) && !run.asks_elsewhere;
    const counts = states.filter((name) => tally[name] > 0);
    const key = JSON.stringify([state, may, tally.done > 0, bad + tally.stopped > 0, counts.length]);
    const said = t('bulk.under_way', { done: number(doneOf(run)), all: number(stations) });
    if (last?.key !== key) {
      // Drawn anew only where something else can be done now, so that nobody's focus is lost.
      fill(top, facts([t('bulk.what'), whatOf(plan)], [t('col.by'), who(run.origin)], [t('col.since'), timeMark(run.created_at)]),
        h('div', null, h('progress', { 'aria-label': bulkTitle(run) }), h('p', null, h('span.said'), ' ', h('span.bad')), h('ul.strip', { 'aria-label': t('col.state') })),
        may && h('div.buttons', null, !isOver && tally.waiting > 0 && act('bulk.stop', 'stop', draw),
          isOver && bad + tally.stopped > 0 && act('bulk.again', 'repeat', begun),
          isOver && plan.verb === 'move' && tally.done > 0 && mayRun() && act('bulk.undo', 'undo', begun)));
    }
    const gauge = top.querySelector('progress');
    [gauge.max, gauge.value] = [stations, doneOf(run)];
    fill(top.querySelector('.said'), said);
    fill(top.querySelector('.bad'), bad > 0 && t('bulk.bad', { n: bad }));
    fill(top.querySelector('.strip'), counts.map((name) => h('li', null, stateMark(name), h('b', null, ` ${number(tally[name])}`))));
    if (last && last.state === 'running' && isOver) announce(said);
    if (last?.tally !== JSON.stringify(tally)) list.refresh();
    last = { key, state, tally: JSON.stringify(tally) };
    changed(run);
  };
  // Each station's answer is an event; one look a second is enough, however many come.
  const again = paced(1000, read, signal);
  onNews(({ events }) => {
    if ((!last || last.state === 'running') && events?.some(({ kind, subject }) => subject === `bulk/${id}` || kind === 'command.ended' || kind === 'station.changed')) again();
  }, signal);
  if (first) draw(first);
  read();
  list.begin();
  return h('div.stack', null, h('div', null, trouble, top), list.element);
}

/// What each station is asked, beyond the name of it.
function whatOf(plan) {
  switch (plan.verb) {
    case 'trigger': return word('trigger', plan.what);
    case 'availability': return t(plan.operative ? 'availability.in' : 'availability.out');
    case 'set-configuration': return h('span.mono', null, `${plan.key} = ${plan.value}`);
    case 'move': return h('a', { href: path`/sites/${plan.location}` }, locations.get(plan.location)?.name ?? String(plan.location));
    default: return null;
  }
}
