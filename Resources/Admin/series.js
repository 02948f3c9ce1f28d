// Series over time, such as what energy costs: a table of their values, one more by a form, many by a file, and away with some.

import { formDialog, reading } from './dialog.js';
import { announce, fill, h } from './dom.js';
import { timeMark } from './format.js';
import { t } from './i18n.js';
import { LiveTable } from './table.js';
import { inZone } from './zones.js';

/// A form with a text of lines, typed, pasted or out of a file. `fields` stand before it; `send(values)` gets it as `csv`.
export function linesDialog({ title, intro, example, fields = [], send, done }) {
  const file = { name: 'file', type: 'file', label: t('series.file'), optional: ' ', on: { change: async ({ target }) => {
    const text = await target.files[0]?.text();
    if (text !== undefined) target.form.elements.csv.value = text;
  } } };
  return formDialog({
    title, intro, submit: t('series.keep'), cls: 'wide',
    fields: [...fields, file, { name: 'csv', type: 'area', label: t('series.lines'), required: true, rows: 8, mono: true, hint: t('series.example', { example }) }],
    send: ({ file: _, ...values }) => send(values),
    done: ({ kept }) => {
      announce(t('series.kept', { n: kept }));
      done();
    },
  });
}

/// Asks for the days of which values are taken away, by the clock of `zone`; `send({ from, to })` does it.
export function spanDialog({ title, text, zone, send, done }) {
  return formDialog({
    title, intro: text, submit: t('series.remove'), danger: true, done,
    fields: [
      { name: 'from', type: 'date', label: t('series.from'), required: true, cls: 'half' },
      { name: 'to', type: 'date', label: t('series.to'), required: true, cls: 'half', hint: t('series.to.hint') },
    ],
    send: ({ from, to }) => {
      const begin = (day, later = 0) => inZone(new Date(Date.parse(day) + later * 86_400_000).toISOString().slice(0, 16), zone).toISOString();
      return send({ from: begin(from), to: begin(to, 1) });
    },
  });
}

/// A section of a series; `read()` gives its values, of which `columns` show more than the begin. `drop(value)` takes one away.
/// Times are shown by the clock of `zone()`.
export function seriesSection({ title, text, empty, buttons, read, columns, drop, signal, zone = () => undefined, begins = 'begins_at' }) {
  const table = new LiveTable({
    caption: title, key: (one) => one[begins], name: (one) => one[begins], empty: () => h('p.mute', null, empty), sort: { by: 'begins', down: true },
    actions: drop && ((one) => [{ label: t('series.remove.one'), key: 'x', danger: true, run: () => drop(one) }]),
    columns: [{ id: 'begins', label: t('series.begins'), head: true, sort: (one) => one[begins], cell: (one) => timeMark(one[begins], zone()) }, ...columns],
  });
  const place = h('div');
  let round = 0;
  const begin = () => reading(place, async () => {
    const mine = ++round;
    const items = await read();
    if (mine !== round) return false;
    return table.showNow(items);
  }, signal);
  const beside = h('div.buttons');
  fill(beside, buttons);
  return { begin, element: h('section', null, h('div.section-head', null, h('h2', null, title), beside), text && h('p.mute', null, text), place, table.element) };
}
