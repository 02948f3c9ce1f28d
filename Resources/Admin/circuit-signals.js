// What meters, grid operators and inverters say of a circuit, and what a site has left of its sun: shown, told by hand, taken back.

import { get, mayRun, post, remove, replace } from './api.js';
import { formDialog, reading } from './dialog.js';
import { announce, fill, h, path } from './dom.js';
import { editDialog } from './editing.js';
import { who } from './events.js';
import { kilowatts, none, number, now, timeMark } from './format.js';
import { given } from './forms.js';
import { t } from './i18n.js';

const kinds = ['building', 'supply', 'limit', 'surplus'];
const positive = '[0-9]+([.,][0-9]+)?';
const volts = 230;   // As the house reckons W as A.

/// The signals of a circuit that count now; `done` is called once one was taken back.
export function signalLines(circuit, done) {
  const signals = circuit.now?.signals ?? [];
  return signals.length > 0 && h('ul.plain.signals', null, signals.map((signal) => h('li', null, h('b', null, t(`signal.${signal.kind}`)), ' ', currentsOf(signal, circuit.lines), ' ',
    h('span.mute', null, t('signal.from', { who: who(signal.source) }), ' ', timeMark(signal.until)),
    mayRun() && h('button', {
      type: 'button', 'aria-label': t('signal.forget.of', { kind: t(`signal.${signal.kind}`), name: circuit.name }), data: { focus: `${circuit.id}/${signal.kind}` },
      on: { click: () => remove(path`/circuits/${circuit.id}/signals/${signal.kind}`).then(done) },
    }, t('signal.forget')))));
}

function currentsOf({ kind, currents }, lines) {
  if (kind === 'surplus') return kilowatts((Number(currents.l1_a) * volts) / 1000);
  const values = ['l1_a', 'l2_a', 'l3_a'].filter((_, i) => lines.includes(`L${i + 1}`)).map((name) => number(currents[name], 1));
  return t('load.amperes', { n: values.every((one) => one === values[0]) ? values[0] : values.join(' / ') });
}

/// Tells one by hand, such as while a meter is out of order.
export function tellDialog(circuit, done) {
  formDialog({
    title: t('signal.tell.title', { name: circuit.name }), intro: t('signal.text'), submit: t('signal.tell'), done: () => { announce(t('signal.told')); done(); },
    fields: [
      { name: 'kind', type: 'select', label: t('col.what'), required: true, options: kinds.map((value) => ({ value, label: t(`signal.${value}`) })) },
      { name: 'kw', type: 'decimal', pattern: positive, label: t('signal.kw'), cls: 'half', hint: t('signal.kw.hint') },
      { name: 'amperes', type: 'decimal', pattern: positive, label: t('signal.amperes'), cls: 'half' },
      ...circuit.lines.map((line) => ({ name: `${line.toLowerCase()}_a`, type: 'decimal', pattern: positive, label: t('signal.line', { line }), cls: 'quarter', optional: ' ' })),
      { name: 'minutes', type: 'number', min: 1, max: 1440, value: 60, required: true, label: t('signal.minutes'), cls: 'half' },
    ],
    send: ({ kind, kw, minutes, ...currents }) => post(path`/circuits/${circuit.id}/signals`, {
      kind, valid_s: minutes * 60, ...(kw === null ? given(currents) : { watts: String(Math.round(Number(kw) * 1000)) }),
    }),
  });
}

/// A section of what the site has left of its sun, by which prices can follow.
export function surplusSection(site, signal) {
  const section = h('section'), place = h('div');
  const url = path`/locations/${site.id}/surplus`;
  const begin = () => reading(place, async () => {
    const { power_kw: power, until } = await get(url, {}, { signal });
    const isOver = !until || new Date(until).getTime() < now();
    return fill(place, h('p', null, power === null ? t('surplus.none') : [h('b', null, kilowatts(power)), ' ', h('span.mute', null, isOver ? t('surplus.over') : t('surplus.until'), ' ', until ? timeMark(until) : none)]));
  }, signal);
  const tell = () => editDialog(url, (known) => ({
    title: t('surplus.tell'), intro: t('surplus.text'), submit: t('signal.tell'), values: ({ power_kw }) => ({ power_kw }),
    fields: [
      { name: 'power_kw', type: 'decimal', pattern: positive, required: true, value: known.power_kw, label: t('signal.kw'), cls: 'half' },
      { name: 'minutes', type: 'number', min: 1, max: 1440, value: 15, required: true, label: t('signal.minutes'), cls: 'half' },
    ],
    send: ({ power_kw, minutes }, match) => replace(path`/locations/${site.id}/surplus`, { power_kw, valid_seconds: minutes * 60 }, { match }),
    done: () => { announce(t('signal.told')); begin(); },
  }));
  fill(section, h('div.section-head', null, h('h2', null, t('surplus.title')), h('div.buttons', null, mayRun() && h('button', { type: 'button', on: { click: tell } }, t('surplus.tell')))),
    h('p.mute', null, t('surplus.text')), place);
  section.begin = begin;
  return section;
}
