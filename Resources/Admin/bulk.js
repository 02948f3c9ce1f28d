// One action for many stations: some at a time, with how far it is and what each station said. It goes on while the reader
// is elsewhere on the page, and is found again on the list of stations.

import { commandKey, mayRun, patch, post } from './api.js';
import { locations, stations } from './books.js';
import { inWords } from './commands.js';
import { dialog, formDialog, typedField } from './dialog.js';
import { announce, fill, h, path } from './dom.js';
import { number } from './format.js';
import { t, word } from './i18n.js';
import { mark } from './states.js';
import { LiveTable } from './table.js';

const atOnce = 3;       // Stations that are asked at the same time: a browser has six connections to a house, and the page needs some.
const patience = 30;    // Seconds for which the answer of one station is waited for.

let run = null;         // The newest one, until the page is left.

// Its stations are asked from here: whoever closes the page ends it, and is asked first.
window.addEventListener('beforeunload', (event) => { if (run && !run.isOver) event.preventDefault(); });

/// Which of the listed stations are selected, by boxes or by x. `listed()` gives those that the filter leaves.
export class Selection {
  #ids = new Set(); #table = null; #all; #heard = () => {};

  constructor(listed) {
    this.listed = listed;
    this.#all = this.#box(t('bulk.pick.all'), (on) => this.pick(on ? listed() : []));
  }

  /// The column of boxes.
  get column() {
    const cell = ({ id }) => this.#box(t('bulk.pick', { name: id }), (on) => {
      if (on) this.#ids.add(id); else this.#ids.delete(id);
      this.tell();
    }, this.#ids.has(id));
    return { id: 'pick', label: this.#all, calm: true, sig: () => 'pick', cell };
  }

  follow(table, heard) { [this.#table, this.#heard] = [table, heard]; }

  picked() { return this.listed().filter(({ id }) => this.#ids.has(id)); }

  pick(chosen) {
    this.#ids = new Set(chosen.map(({ id }) => id));
    for (const line of this.#table.element.querySelectorAll('tbody tr')) line.querySelector('.pick').checked = this.#ids.has(line.row.id);
    this.tell();
  }

  tell() {
    this.#all.checked = this.#ids.size > 0 && this.picked().length === this.listed().length;
    this.#heard();
  }

  #box(label, heard, checked = false) {
    return h('input.pick', { type: 'checkbox', 'aria-label': label, checked, on: { change: (event) => heard(event.target.checked) } });
  }
}

/// The bar below the list: what is selected, what can be done with it, and the run that is under way.
export function bulkBar(selection, table, signal) {
  const bar = h('div.bulk', { role: 'region', 'aria-label': t('bulk.title') });
  const draw = () => {
    const picked = selection.picked();
    bar.hidden = picked.length === 0 && !run;
    const wish = (name, ask) => h('button', { type: 'button', on: { click: () => ask(selection.picked(), begun) } }, t(`bulk.${name}`));
    fill(bar, picked.length > 0 && [
      h('strong', null, t('bulk.count', { n: picked.length })), wish('trigger', trigger), wish('availability', availability),
      mayRun() && [wish('key', setKey), wish('move', move)], wish('reset', reset),
      h('button.quiet', { type: 'button', on: { click: () => selection.pick([]) } }, t('bulk.none')),
    ], h('span.grow'), run && h('button.quiet', { type: 'button', on: { click: () => showRun(run, bar) } },
      t(run.isOver ? 'bulk.ended' : 'bulk.under_way', { done: number(run.done), all: number(run.rows.length) })));
  };
  const begun = (started) => {
    run = started;
    run.addEventListener('change', draw, { signal });
    selection.pick([]);
    draw();
    showRun(run, bar);
  };
  run?.addEventListener('change', draw, { signal });
  selection.follow(table, draw);
  draw();
  return bar;
}

/// What becomes of each station. `ask(id)` does it and gives `{ phase, answer }`.
class Run extends EventTarget {
  constructor(title, chosen, ask, undo) {
    super();
    [this.title, this.ask, this.undo, this.done] = [title, ask, undo, 0];
    this.rows = chosen.map((station) => ({ id: station.id, phase: 'waiting', answer: '' }));
    this.waiting = [...this.rows];
    for (let i = 0; i < atOnce; i += 1) this.next();
  }

  get isOver() { return this.done === this.rows.length; }

  /// Those that were not asked yet are left alone.
  stop() {
    for (const row of this.waiting.splice(0)) this.end(row, { phase: 'stopped', answer: '' });
  }

  async next() {
    const row = this.waiting.shift();
    if (!row) return;
    row.phase = 'running';
    this.tell();
    try {
      this.end(row, await this.ask(row.id));
    } catch (problem) {
      this.end(row, { phase: 'failed', answer: [problem.title, problem.detail].filter(Boolean).join(': ') || problem.message });
    }
    this.next();
  }

  end(row, { phase, answer }) {
    [row.phase, row.answer] = [phase, answer];
    this.done += 1;
    if (this.isOver) announce(t('bulk.ended', { done: number(this.done), all: number(this.rows.length) }));
    this.tell();
  }

  tell() { this.dispatchEvent(new Event('change')); }
}

/// Whoever closes it stands at the bar again, where the button that began it may be gone.
function showRun(run, bar) {
  const closed = new AbortController();
  dialog(run.title, () => {
    const table = new LiveTable({
      caption: run.title, key: (row) => row.id,
      columns: [
        { id: 'id', label: t('col.station'), head: true, cell: (row) => h('a.id', { href: path`/stations/${row.id}` }, row.id) },
        { id: 'state', label: t('col.state'), cell: (row) => mark(['waiting', 'running', 'stopped'].includes(row.phase) ? 'duty' : 'command', row.phase) },
        { id: 'answer', label: t('col.answer'), wide: true, cell: (row) => row.answer },
      ],
    });
    const gauge = h('progress', { max: run.rows.length, value: run.done, 'aria-label': run.title });
    const said = h('p.mute'), buttons = h('div.buttons');
    const draw = () => {
      table.show(run.rows);
      gauge.value = run.done;
      const bad = run.rows.filter((row) => ['refused', 'failed'].includes(row.phase)).length;
      fill(said, t('bulk.under_way', { done: number(run.done), all: number(run.rows.length) }), bad > 0 && ` ${t('bulk.bad', { n: bad })}`);
      fill(buttons, !run.isOver && run.waiting.length > 0 && h('button', { type: 'button', on: { click: () => run.stop() } }, t('bulk.stop')),
        run.isOver && run.undo && h('button', { type: 'button', on: { click: () => { run.undo(); run.undo = null; draw(); } } }, t('bulk.undo')));
    };
    run.addEventListener('change', draw, { signal: closed.signal });
    draw();
    return [gauge, said, table.element, buttons];
  }, { cls: 'wide', onClose: () => {
    closed.abort();
    if (!document.activeElement || document.activeElement === document.body) bar.querySelector('button')?.focus();
  } });
}

/// A command to each of them, and the station's own answer.
function commandRun(title, chosen, verb, body) {
  return new Run(title, chosen, async (id) => {
    const { phase, answer } = await post(`${path`/stations/${id}/commands/${verb}`}?wait=${patience}`, body, { key: commandKey(), seconds: patience + 10 });
    return { phase, answer: inWords(answer) };
  });
}

const titled = (name, chosen) => `${t(`bulk.${name}`)}: ${t('bulk.count', { n: chosen.length })}`;

function trigger(chosen, begun) {
  const title = titled('trigger', chosen);
  formDialog({
    title, submit: t('action.trigger'),
    fields: [{
      name: 'what', label: t('field.trigger'), type: 'select', required: true,
      options: ['status', 'boot', 'heartbeat', 'meter_values'].map((what) => ({ value: what, label: word('trigger', what) })),
    }],
    send: async ({ what }) => commandRun(title, chosen, 'trigger', { what }), done: begun,
  });
}

function availability(chosen, begun) {
  const title = titled('availability', chosen);
  formDialog({
    title, submit: t('action.availability.submit'), intro: t('availability.text'),
    fields: [{
      name: 'operative', label: t('field.availability'), type: 'select', required: true,
      options: [{ value: 'yes', label: t('availability.in') }, { value: 'no', label: t('availability.out') }],
    }],
    send: async ({ operative }) => commandRun(title, chosen, 'availability', { evse: 0, operative: operative === 'yes' }), done: begun,
  });
}

function setKey(chosen, begun) {
  const title = titled('key', chosen);
  formDialog({
    title, submit: t('verb.set-configuration'),
    fields: [
      { name: 'key', label: t('bulk.key.name'), required: true, mono: true, maxlength: 200 },
      { name: 'value', label: t('bulk.key.value'), mono: true, maxlength: 2500 },
    ],
    send: async ({ key, value }) => commandRun(title, chosen, 'set-configuration', { key, value: value ?? '' }), done: begun,
  });
}

function reset(chosen, begun) {
  const title = titled('reset', chosen);
  formDialog({
    title, submit: t('action.reset'), danger: true, intro: t('bulk.reset.text'), fields: [typedField(String(chosen.length))],
    send: async () => commandRun(title, chosen, 'reset', {}), done: begun,
  });
}

/// To another site, and back again where that was a mistake.
function move(chosen, begun) {
  const title = titled('move', chosen);
  const before = new Map(chosen.map((station) => [station.id, station.location?.id ?? null]));
  const to = (site) => async (id) => {
    const moved = await patch(path`/stations/${id}`, { location: site ?? before.get(id) });
    stations.put(moved);
    return { phase: 'done', answer: moved.location?.name ?? '' };
  };
  formDialog({
    title, submit: t('bulk.move'),
    fields: [{
      name: 'site', label: t('field.site'), type: 'select', required: true,
      options: locations.list().map((site) => ({ value: String(site.id), label: site.name })),
    }],
    send: async ({ site }) => {
      const there = new Run(title, chosen, to(Number(site)), () => begun(new Run(title, there.rows.filter(({ phase }) => phase === 'done'), to(null))));
      return there;
    },
    done: begun,
  });
}
