// One action for many stations: which are chosen, and what is done with them. The daemon does it, whoever looks.

import { commandKey, get, mayRun, post } from './api.js';
import { locations } from './books.js';
import { bulkTitle, doneOf, runView } from './bulk-view.js';
import { dialog, formDialog, typedField } from './dialog.js';
import { fill, h, path } from './dom.js';
import { now, number } from './format.js';
import { t, word } from './i18n.js';
import { onNews } from './live.js';
import { paced } from './pager.js';

const recent = 600_000;   // Milliseconds for which the bar shows a run that is over.

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

/// The bar below the list: what is selected, what can be done with it, and the newest run while it is under way.
export function bulkBar(selection, table, signal) {
  const bar = h('div.bulk', { role: 'region', 'aria-label': t('bulk.title') });
  let run = null;
  const draw = () => {
    const picked = selection.picked();
    bar.hidden = picked.length === 0 && !run;
    const wish = (name, ask) => h('button', { type: 'button', on: { click: () => ask(selection.picked(), begun) } }, t(`bulk.${name}`));
    fill(bar, picked.length > 0 && [
      h('strong', null, t('bulk.count', { n: picked.length })), wish('trigger', trigger), wish('availability', availability),
      mayRun() && [wish('key', setKey), wish('move', move)], wish('reset', reset),
      h('button.quiet', { type: 'button', on: { click: () => selection.pick([]) } }, t('bulk.none')),
    ], h('span.grow'), run && h('button.quiet', { type: 'button', on: { click: () => showRun(run, bar, begun) } },
      t(run.state === 'running' ? 'bulk.under_way' : 'bulk.ended', { done: number(doneOf(run)), all: number(run.stations) })));
  };
  const begun = (started) => {
    run = started;
    selection.pick([]);
    draw();
    showRun(run, bar, begun);
  };
  const look = async () => {
    const { items: [newest] } = await get('/bulk-runs', { limit: 1 }, { signal });
    if (signal.aborted) return;
    const isRecent = newest && (newest.state === 'running' || now() - new Date(newest.updated_at).getTime() < recent);
    run = isRecent ? newest : null;
    draw();
  };
  const later = paced(600, () => { look().catch(() => {}); }, signal);
  onNews(({ events }) => {
    if (events?.some(({ kind }) => kind.startsWith('bulk.') || (run?.state === 'running' && (kind === 'command.ended' || kind === 'station.changed')))) later();
  }, signal);
  look().catch(() => {});
  selection.follow(table, draw);
  draw();
  return bar;
}

/// Whoever closes it stands at the bar again, where the button that began it may be gone.
function showRun(run, bar, begun) {
  const closed = new AbortController();
  const box = dialog(bulkTitle(run), () => [
    runView(run.id, closed.signal, { first: run, level: 'h3', begun: (next) => { box.close(); begun(next); } }),
    h('p', null, h('a', { href: path`/bulk-runs/${run.id}` }, t('bulk.alone'))),
  ], { cls: 'wide', onClose: () => {
    closed.abort();
    if (!document.activeElement || document.activeElement === document.body) bar.querySelector('button')?.focus();
  } });
}

const titled = (name, chosen) => `${t(`bulk.${name}`)}: ${t('bulk.count', { n: chosen.length })}`;

/// Asks what is to be done; `plan(values)` says it to the daemon.
function ask(name, chosen, begun, { plan, ...form }) {
  const key = commandKey();
  formDialog({
    title: titled(name, chosen), ...form, done: begun,
    send: (values) => post('/bulk-runs', { plan: plan(values), stations: chosen.map(({ id }) => id) }, { key }),
  });
}

function trigger(chosen, begun) {
  ask('trigger', chosen, begun, {
    submit: t('action.trigger'),
    fields: [{
      name: 'what', label: t('field.trigger'), type: 'select', required: true,
      options: ['status', 'boot', 'heartbeat', 'meter_values'].map((what) => ({ value: what, label: word('trigger', what) })),
    }],
    plan: ({ what }) => ({ verb: 'trigger', what }),
  });
}

function availability(chosen, begun) {
  ask('availability', chosen, begun, {
    submit: t('action.availability.submit'), intro: t('availability.text'),
    fields: [{
      name: 'operative', label: t('field.availability'), type: 'select', required: true,
      options: [{ value: 'yes', label: t('availability.in') }, { value: 'no', label: t('availability.out') }],
    }],
    plan: ({ operative }) => ({ verb: 'availability', operative: operative === 'yes' }),
  });
}

function setKey(chosen, begun) {
  ask('key', chosen, begun, {
    submit: t('verb.set-configuration'),
    fields: [
      { name: 'key', label: t('bulk.key.name'), required: true, mono: true, maxlength: 200 },
      { name: 'value', label: t('bulk.key.value'), mono: true, maxlength: 2500 },
    ],
    plan: ({ key, value }) => ({ verb: 'set-configuration', key, value: value ?? '' }),
  });
}

function reset(chosen, begun) {
  ask('reset', chosen, begun, {
    submit: t('action.reset'), danger: true, intro: t('bulk.reset.text'), fields: [typedField(String(chosen.length))],
    plan: () => ({ verb: 'reset' }),
  });
}

/// To another site, and back again where that was a mistake.
function move(chosen, begun) {
  ask('move', chosen, begun, {
    submit: t('bulk.move'),
    fields: [{
      name: 'site', label: t('field.site'), type: 'select', required: true,
      options: locations.list().map((site) => ({ value: String(site.id), label: site.name })),
    }],
    plan: ({ site }) => ({ verb: 'move', location: Number(site) }),
  });
}
