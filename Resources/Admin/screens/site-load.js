// The power of one site: its circuits as a tree with what flows in each, and what every EVSE gets and why.

import { get, mayRun, patch, post, remove } from '../api.js';
import { stations } from '../books.js';
import { signalLines, surplusSection, tellDialog } from '../circuit-signals.js';
import { confirmDialog, formDialog, reading } from '../dialog.js';
import { fill, h, path } from '../dom.js';
import { editDialog } from '../editing.js';
import { changes, given } from '../forms.js';
import { number } from '../format.js';
import { t, word } from '../i18n.js';
import { LiveTable } from '../table.js';

const period = 2_000;   // Milliseconds between two looks.
const lines = ['l1', 'l2', 'l3'];

export async function show({ root, signal, params, head }) {
  const [site] = await Promise.all([get(path`/locations/${params.id}`, {}, { signal }), stations.ready()]);
  if (signal.aborted) return;
  const trouble = h('div');
  const again = () => reading(trouble, look, signal);
  head({
    title: t('load.title', { name: site.name }), back: { href: path`/sites/${site.id}`, label: site.name },
    sub: t('load.sub'),
    buttons: mayRun() && [
      h('button', { type: 'button', on: { click: () => addCircuit(site, current, again) } }, t('load.circuit.add')),
      h('button', { type: 'button', on: { click: () => putOutlet(site, current, again) } }, t('load.outlet.add')),
    ],
  });
  let current = { circuits: [], evses: [] };
  const tree = h('ul.circuits', { 'aria-label': t('load.circuits') });
  const table = new LiveTable({
    caption: t('load.evses'), key: (e) => `${e.station}/${e.evse}`, name: (e) => `${e.station} · ${e.evse}`,
    href: (e) => (e.session ? path`/sessions/${e.session}` : path`/stations/${e.station}`),
    empty: () => h('p', null, t('load.outlet.none')),
    actions: mayRun() ? (e) => [{ label: t('load.outlet.remove'), key: 'x', danger: true, run: () => confirmDialog({
      title: t('load.outlet.remove'), text: t('load.outlet.remove.text', { name: `${e.station} · ${e.evse}` }), submit: t('load.outlet.remove'),
      send: () => remove(path`/stations/${e.station}/outlets/${e.evse}`), done: again,
    }) }] : undefined,
    columns: [
      { id: 'evse', label: t('col.evse'), head: true, cell: (e) => h('span.id', null, `${e.station} · ${e.evse}`) },
      { id: 'circuit', label: t('load.circuit'), cell: (e) => circuitName(current, e.circuit) },
      { id: 'allowed', label: t('load.allowed'), num: true, cell: (e) => amperes(e.allowed_a, e.session) },
      { id: 'measured', label: t('load.measured'), num: true, cell: (e) => amperes(highest(e.measured), e.measured) },
      { id: 'reason', label: t('load.reason'), cell: (e) => word('load.reason', e.reason) },
      { id: 'why', label: t('load.why'), wide: true, cell: why },
    ],
  });
  const none = h('div.blank', { hidden: true }, h('p', null, t('load.none')), h('p.mute', null, t('load.none.text')));
  const some = h('div.stack', { hidden: true }, h('section', null, h('h2', null, t('load.circuits')), tree),
    h('section', null, h('h2', null, t('load.evses')), table.element));
  const sun = surplusSection(site, signal);
  root.append(trouble, none, some, sun);
  async function look() {
    let seen;
    try {
      seen = await get(path`/locations/${site.id}/load`, {}, { signal });
    } catch (problem) {
      if (problem.status !== 404) throw problem;
      seen = { circuits: (await get(path`/locations/${site.id}/circuits`, {}, { signal })).items, evses: [] };
    }
    current = seen;
    none.hidden = seen.circuits.length > 0;
    some.hidden = !none.hidden;
    // Drawn anew only where it says something else, and whoever stands on a button of it stays there.
    const sign = JSON.stringify(seen.circuits);
    if (tree.sign !== sign) {
      const { focus } = tree.contains(document.activeElement) ? document.activeElement.dataset : {};
      fill(tree, branch(seen, null, {
        edit: (circuit) => editCircuit(site, circuit, again), tell: (circuit) => tellDialog(circuit, again), changed: again,
      }));
      tree.sign = sign;
      if (focus) [...tree.querySelectorAll('[data-focus]')].find((one) => one.dataset.focus === focus)?.focus();
    }
    table.show(seen.evses);
  }
  await Promise.all([again(), sun.begin()]);
  const timer = setInterval(again, period);
  signal.addEventListener('abort', () => clearInterval(timer));
}

function branch(load, parent, act) {
  return load.circuits.filter((c) => (c.parent ?? null) === parent).map((circuit) => h('li', null,
    h('div.circuit', null, h('b', null, circuit.name), h('span.mute', null, fuse(circuit)),
      mayRun() && ['edit', 'tell'].map((name) => h('button', {
        type: 'button', 'aria-label': t(`load.circuit.${name}.of`, { name: circuit.name }), data: { focus: `${circuit.id}/${name}` }, on: { click: () => act[name](circuit) },
      }, t(`load.circuit.${name}`)))),
    circuit.now && h('div.bars', null, lines.filter((l) => circuit.lines.includes(l.toUpperCase())).map((line) => bar(
      circuit, line
    ))),
    signalLines(circuit, act.changed),
    h('ul', null, branch(load, circuit.id, act))));
}

/// One line of a circuit: what else takes, what is reserved for cars, of what may flow.
function bar(circuit, line) {
  const [load, cars] = [circuit.now.load, circuit.now.reserved].map((c) => Number(c[`${line}_a`]));
  const usable = Number(circuit.now.usable_a);
  const text = t('load.bar', {
    line: line.toUpperCase(), cars: number(cars, 1), load: number(load, 1), usable: number(usable, 1),
  });
  return h('div.line', null, h('span.mute', null, line.toUpperCase()),
    h('meter', { min: 0, max: Math.max(usable, 0.1), high: usable * 0.95, value: Math.min(cars + load, usable), 'aria-label': text }),
    h('span.fig', null, text));
}

function fuse(circuit) {
  return t('load.fuse', { rated: number(circuit.rated_a, 1), usable: number(circuit.usable_a, 1) });
}

function highest(currents) { return currents && Math.max(...lines.map((line) => Number(currents[`${line}_a`]))); }

/// Why it gets what it gets, in the reader's language.
function why(e) {
  const key = e.reason === 'idle' && Number(e.reason_a) > 0 ? 'idle_kept' : e.reason;
  const words = t(`load.why.${key}`, {
    a: t('load.amperes', { n: number(e.reason_a, 1) }), n: e.sharers ?? 1,
    bound: e.bound ? t(`load.bound.${e.bound}`, { name: e.bound_name ?? '' }) : '',
  });
  return e.counted_on_one_line && Number(e.reason_a) > 0 ? `${words}; ${t('load.why.one_line')}` : words;
}

function amperes(value, shown) { return shown ? t('load.amperes', { n: number(value, 1) }) : ''; }

function circuitName(load, id) { return load.circuits.find((c) => c.id === id)?.name ?? ''; }

// MARK: What the operator draws

function circuitFields(load, circuit = {}) {
  const others = load.circuits.filter((c) => c.id !== circuit.id);
  return [
    { name: 'name', label: t('load.circuit.name'), value: circuit.name, required: true },
    {
      name: 'parent', label: t('load.circuit.parent'), type: 'select', value: circuit.parent ?? '',
      options: [{ value: '', label: t('load.circuit.supply') }, ...others.map((c) => ({ value: c.id, label: c.name }))],
    },
    { name: 'rated_a', label: t('load.circuit.rated'), type: 'decimal', value: circuit.rated_a, required: true },
    { name: 'usable_a', label: t('load.circuit.usable'), type: 'decimal', value: circuit.usable_a },
    {
      name: 'assumed_load_a', label: t('load.circuit.assumed'), type: 'decimal', value: circuit.assumed_load_a,
      hint: t('load.circuit.assumed.hint'),
    },
  ];
}

function asNumbers(values) {
  return { ...values, ...('parent' in values ? { parent: values.parent ? Number(values.parent) : null } : {}) };
}

function addCircuit(site, load, done) {
  formDialog({
    title: t('load.circuit.add'), fields: circuitFields(load), submit: t('load.circuit.add'), done,
    send: (values) => post(path`/locations/${site.id}/circuits`, asNumbers(given(values))),
  });
}

function editCircuit(site, circuit, done) {
  get(path`/locations/${site.id}/circuits`).then((all) => editDialog(path`/circuits/${circuit.id}`, (now) => ({
    title: now.name, fields: circuitFields({ circuits: all.items }, now), submit: t('save'), done,
    send: (values, match) => patch(path`/circuits/${circuit.id}`, asNumbers(changes(values, match)), { match }),
    after: h('button.danger', {
      type: 'button', on: {
        click: () => confirmDialog({
          title: t('load.circuit.remove'), text: t('load.circuit.remove.text'), submit: t('load.circuit.remove'), type: now.name, done,
          send: () => remove(path`/circuits/${circuit.id}`),
        }),
      },
    }, t('load.circuit.remove')),
  })));
}

function putOutlet(site, load, done) {
  const here = stations.list().filter((s) => s.location?.id === site.id);
  const places = here.flatMap((s) => (s.evses ?? []).map((e) => ({
    value: `${s.id} ${e.number}`, label: `${s.id} · ${e.number}`,
  })));
  // What is known of the EVSE that is chosen: the form shows it, and only it is changed.
  let known = null;
  const at = (value) => {
    const [station, evse] = value.split(/ (?=[^ ]*$)/);
    return path`/stations/${station}/outlets/${evse}`;
  };
  const read = async (value) => {
    try {
      known = await get(at(value));
    } catch {
      known = null;    // It is on no circuit yet.
    }
    return known;
  };
  const show = async ({ form, value }) => {
    const inputs = ['circuit', 'rotation', 'fallback_a'].map((name) => form.elements[name]);
    const before = inputs.map((input) => input.value);
    const outlet = await read(value);
    if (!outlet || form.elements.evse.value !== value) return;
    // What somebody wrote meanwhile stays.
    inputs.forEach((input, i) => { if (input.value === before[i]) input.value = outlet[input.name] ?? ''; });
  };
  const box = formDialog({
    title: t('load.outlet.add'), submit: t('save'), done,
    fields: [
      { name: 'evse', label: t('col.evse'), type: 'select', options: places, required: true, on: { change: ({ target }) => show(target) } },
      {
        name: 'circuit', label: t('load.circuit'), type: 'select', required: true,
        options: load.circuits.map((c) => ({ value: c.id, label: c.name })),
      },
      {
        name: 'rotation', label: t('load.outlet.rotation'), type: 'select', value: 'RST',
        options: ['RST', 'STR', 'TRS', 'RTS', 'SRT', 'TSR'].map((r) => ({ value: r, label: r })),
      },
      { name: 'fallback_a', label: t('load.outlet.fallback'), type: 'decimal', hint: t('load.outlet.fallback.hint') },
    ],
    send: (values) => patch(at(values.evse), {
      circuit: Number(values.circuit), rotation: values.rotation, fallback_a: values.fallback_a,
    }, { match: known }),
    fresh: async () => ({ values: { evse: box.querySelector('[name=evse]').value, ...await read(box.querySelector('[name=evse]').value) } }),
  });
  if (places.length) show(box.querySelector('[name=evse]'));
}
