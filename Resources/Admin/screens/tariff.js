// One tariff: a form for what most tariffs are, the whole of it as JSON beside it, checked by the daemon while it is edited.

import { get, mayRunAll, patch, post, remove } from '../api.js';
import { locations, tariffs } from '../books.js';
import { confirmDialog, problemBox, showProblem } from '../dialog.js';
import { announce, fill, freshID, h, path, settled } from '../dom.js';
import { ago } from '../format.js';
import { fieldRow } from '../forms.js';
import { t, word } from '../i18n.js';
import { go } from '../keys.js';
import { glyph } from '../states.js';
import { previewSection, weekGrid } from '../tariff-view.js';
import { elementInWords, priceInWords, week } from '../tariff-words.js';
import { zoneOf } from '../zones.js';

const kinds = ['ENERGY', 'TIME', 'PARKING_TIME', 'FLAT'];
const clockPattern = '([01][0-9]|2[0-3]):[0-5][0-9]';
const figurePattern = /^-?([0-9]+[.,]?[0-9]*|[.,][0-9]+)$/;
const types = ['REGULAR', 'AD_HOC_PAYMENT', 'PROFILE_CHEAP', 'PROFILE_FAST', 'PROFILE_GREEN'];

export async function show({ root, signal, params, query, head }) {
  const isNew = params.id === 'new';
  const from = isNew ? query.get('from') : params.id;
  let [resource] = await Promise.all([from ? get(path`/tariffs/${from}`, {}, { signal }) : null, locations.ready().catch(() => {})]);
  if (signal.aborted) return;
  const state = { tariff: resource ? structuredClone(resource.tariff) : blank() };
  if (isNew) delete state.tariff.id;
  const party = isNew && mayRunAll() ? await partyField(resource?.party, signal) : null;
  head({
    title: isNew ? t('tariffs.add') : resource.ref, mono: !isNew, back: { href: '/tariffs', label: t('nav.tariffs') },
    sub: isNew ? null : [h('span', null, t('tariff.version', { n: resource.version })), h(
      'span', null, t('tariff.used', { n: resource.connectors })
    ),
      h('span', null, t('col.changed'), ' ', ago(resource.updated_at))],
    buttons: !isNew && mayRunAll() && [h('a.button', { href: path`/prices/new?tariff=${resource.id}` }, t('prices.follow')), h('a.button', { href: path`/tariffs/new?from=${resource.id}` }, t('tariffs.copy')),
      h('button.danger', { type: 'button', on: { click: () => removeTariff(resource) } }, t('tariffs.remove'))],
  });

  const words = h('p.words'), flaws = h('div', { role: 'status' }), trouble = h('div.trouble', { hidden: true });
  const json = h('textarea.mono', {
    rows: 24, spellcheck: 'false', 'aria-label': t('tariff.json'), readonly: !mayRunAll(),
  });
  const jsonTrouble = h('p.bad', { hidden: true });
  const form = h('div');
  const check = settled(350, async () => {
    try {
      const result = await post('/tariffs/validate', state.tariff, { signal });
      fill(flaws, result.flaws.length === 0 ? h('p.good', null, glyph('yes', 'ok'), t('tariff.sound')) : flawList(result.flaws));
    } catch (problem) {
      if (!signal.aborted) fill(flaws, problemBox(problem, check));
    }
  });
  /// Tells everything but the one that changed.
  const grid = h('div');
  const changed = (by) => {
    fill(words, priceInWords(state.tariff));
    fill(grid, weekGrid(state.tariff));
    if (by !== 'json') {
      json.value = JSON.stringify(state.tariff, null, 2);
      jsonTrouble.hidden = true;
    }
    if (by !== 'form') drawForm(form, state, changed);
    check();
  };
  /// The same where elements came, went or changed places; whoever did it stands in the one that it was about.
  state.arranged = (i) => {
    changed();
    form.querySelectorAll('fieldset.element')[i]?.querySelector('input').focus();
  };
  json.addEventListener('input', () => {
    try {
      const read = JSON.parse(json.value);
      if (!Array.isArray(read.elements)) throw new Error(t('tariff.json.elements'));
      state.tariff = read;
      jsonTrouble.hidden = true;
      changed('json');
    } catch (error) {
      jsonTrouble.textContent = t('tariff.json.wrong', { why: error.message });
      jsonTrouble.hidden = false;
    }
  });
  /// Whether all that was typed could be read; else it is said, and shown.
  const isReadable = () => {
    const wrong = form.querySelector('[aria-invalid=true]') ?? (jsonTrouble.hidden ? null : json);
    if (!wrong) return true;
    showProblem(trouble, { title: t('form.check'), detail: wrong === json ? jsonTrouble.textContent
      : `${wrong.closest('.field').querySelector('label').textContent.trim()}: ${wrong.value}` });
    if (wrong === json) json.closest('details').open = true;
    wrong.focus();
    return false;
  };
  const save = async (event) => {
    const button = event.currentTarget;
    trouble.hidden = true;
    if (!isReadable()) return;
    button.disabled = true;
    try {
      const owner = party && { party: Number(party.querySelector('select').value) };
      const kept = isNew ? await post('/tariffs', { ...state.tariff, ...owner }) : await patch(
        path`/tariffs/${resource.id}`, state.tariff, { match: resource }
      );
      tariffs.put(kept);
      announce(t('tariff.saved', { ref: kept.ref, n: kept.version }));
      go(isNew ? path`/tariffs/${kept.id}` : '/tariffs');
    } catch (problem) {
      if (problem.word === 'stale') await showTheirs(problem); else showProblem(trouble, problem);
      button.disabled = false;
    }
  };
  /// What somebody else saved meanwhile, in words; saving once more overrules it.
  const showTheirs = async (problem) => {
    try {
      resource = await get(path`/tariffs/${resource.id}`, {}, { signal });
      showProblem(trouble, { title: t('form.stale'), detail: t('form.stale.row', {
        label: t('tariff.version', { n: resource.version }), theirs: priceInWords(resource.tariff), yours: priceInWords(state.tariff),
      }) });
    } catch {
      showProblem(trouble, problem);
    }
  };
  const shown = resource && !isNew ? resource.display_flaws : [];
  root.append(
    h('section', { 'aria-label': t('tariff.words') }, words, flaws), grid,
    ...(shown.length ? [h('section', null, h('h2', null, t('tariff.display')), h('p.mute', null, t('tariff.display.text')), flawList(shown))] : []),
    ...(mayRunAll() ? [h('section', null, party, form, trouble, h('div.buttons', null,
      h(
        'button.primary', { type: 'button', on: { click: save } }, isNew ? t('tariffs.add.submit') : t('tariff.save')
      ), h('a.button', { href: '/tariffs' }, t('dialog.cancel')),
      !isNew && h('span.mute', null, t('tariff.save.hint'))))] : []),
    ...(isNew ? [] : [previewSection(resource, zoneOf(locations.list()))]),
    h(
      'details', { open: !mayRunAll() }, h('summary', null, t('tariff.json')), h('p.mute', null, t('tariff.json.text')),
      json, jsonTrouble
    ));
  changed();
}

/// Whose it is to be, where several parties of ours run stations.
async function partyField(from, signal) {
  const { items } = await get('/parties', {}, { signal });
  const ours = items.filter(({ role }) => role === 'CPO');
  if (ours.length < 2) return null;
  const name = ({ country_code: country, party_id: id }) => `${country}*${id}`;
  const value = ours.find((one) => from && name(one) === name(from)) ?? ours[0];
  return h('div.form.grid', null, fieldRow({
    name: 'party', label: t('col.party'), type: 'select', value: String(value.id), hint: t('tariff.party.hint'), cls: 'half',
    options: ours.map((one) => ({ value: String(one.id), label: `${name(one)} · ${one.business_name}` })),
  }));
}

function flawList(flaws) {
  return h('ul.flaws', null, flaws.map((flaw) => h(
    'li', { data: { severity: flaw.severity } }, glyph('yes', flaw.severity === 'error' ? 'failed' : 'expired'),
    h('b', null, flaw.rule ? word('price_rule', flaw.rule) : t(`tariff.${flaw.severity}`)), ' ', h('span', null, whereInWords(flaw.path), ': ', flaw.text)
  )));
}

/// `elements[1].price_components[0].step_size` is price 2, step size.
function whereInWords(place) {
  const element = /^elements\[(\d+)\]/.exec(place);
  const field = place.split('.').at(-1).replace(/\[\d+\]$/, '');
  const name = word('tariff_part', field);
  return element ? [t('tariff.element', { n: Number(element[1]) + 1 }), place.includes('.') ? `, ${name}` : ''] : name;
}

function blank() {
  return {
    currency: 'EUR', type: 'REGULAR',
    elements: [{ price_components: [{ type: 'ENERGY', price: 0.39, vat: 19, step_size: 1 }] }],
  };
}

export function removeTariff(resource) {
  confirmDialog({
    title: t(
      'tariffs.remove.title', { ref: resource.ref }
    ), text: resource.connectors ? t('tariffs.remove.used', { n: resource.connectors }) : t('tariffs.remove.text'),
    type: resource.ref, submit: t('tariffs.remove'), send: () => remove(
      path`/tariffs/${resource.id}`, { match: resource }
    ),
    done: () => {
      tariffs.drop(resource.id);
      go('/tariffs');
    },
  });
}

function drawForm(place, state, changed) {
  const { tariff } = state;
  const set = (name, empty) => (event) => {
    const text = event.target.value.trim();
    if (text === '') { if (empty === undefined) delete tariff[name]; } else tariff[name] = text;
    changed('form');
  };
  const text = tariff.tariff_alt_text?.[0];
  const textChanged = () => {
    const value = place.querySelector('[name=alt_text]').value.trim();
    const language = place.querySelector('[name=alt_language]').value.trim() || 'en';
    const rest = (tariff.tariff_alt_text ?? []).slice(1);
    if (value) tariff.tariff_alt_text = [{ language, text: value }, ...rest];
    else if (rest.length) tariff.tariff_alt_text = rest;
    else delete tariff.tariff_alt_text;
    changed('form');
  };
  fill(place,
    h('div.form.grid', null,
      fieldRow({
        name: 'id', label: t('col.ref'), value: tariff.id, mono: true, hint: t('tariff.ref.hint'),
        on: { input: set('id') }, maxlength: 36, cls: 'half',
      }),
      fieldRow({
        name: 'currency', label: t('col.currency'), value: tariff.currency, required: true, maxlength: 3,
        hint: t('tariff.currency.hint'), on: { input: set('currency', true) }, cls: 'half',
      }),
      fieldRow({
        name: 'type', label: t('tariff.type'), type: 'select', value: tariff.type ?? '', on: { change: set('type') },
        cls: 'half',
        options: [
          { value: '', label: t('tariff.type.any') },
          ...types.map((value) => ({ value, label: t(`tariff.type.${value}`) }))
        ],
      }),
      fieldRow({
        name: 'alt_text', label: t('tariff.text'), value: text?.text, on: { input: textChanged },
        hint: t('tariff.text.hint'), cls: 'half',
      }),
      fieldRow({
        name: 'alt_language', label: t('tariff.language'), value: text?.language ?? 'en', maxlength: 2,
        on: { input: textChanged }, cls: 'half',
      })),
    h('h2', null, t('tariff.elements')), h('p.mute', null, t('tariff.elements.text')),
    tariff.elements.map((element, i) => elementForm(state, element, i, changed)),
    h('p', null, h('button', {
      type: 'button', on: {
        click: () => {
          tariff.elements.push({ price_components: [{
            type: 'ENERGY', price: 0.39, vat: vatOf(tariff.elements[0]) ?? undefined, step_size: 1,
          }] });
          state.arranged(tariff.elements.length - 1);
        },
      },
    }, t('tariff.element.add'))));
}

const vatOf = (element) => element?.price_components.find((c) => c.vat !== undefined && c.vat !== null)?.vat;

/// The figure in a field: null where nothing stands there, undefined where it is none, which is marked.
function figureIn(input) {
  const text = input.value.trim();
  const isRead = text === '' || figurePattern.test(text);
  if (isRead) input.removeAttribute('aria-invalid'); else input.setAttribute('aria-invalid', 'true');
  return isRead ? (text === '' ? null : Number(text.replace(',', '.'))) : undefined;
}

function elementForm(state, element, i, changed) {
  const { tariff } = state;
  // What a price had beside its figure, for whoever empties the field to type another; and the VAT that the form shows.
  const gone = {};
  let vat = vatOf(element);
  const words = h(
    'legend', null, t('tariff.element', { n: i + 1 }), ' ',
    h('span.mute', null, elementInWords(element, tariff.currency))
  );
  const told = () => {
    fill(words, t('tariff.element', { n: i + 1 }), ' ', h('span.mute', null, elementInWords(element, tariff.currency)));
    changed('form');
  };
  const setPrice = (kind) => ({ target }) => {
    const price = figureIn(target);
    if (price === undefined) return;
    const found = element.price_components.find((c) => c.type === kind);
    if (price === null) {
      gone[kind] = found ?? gone[kind];
      element.price_components = element.price_components.filter((c) => c.type !== kind);
    } else if (found) {
      found.price = price;
    } else {
      const before = gone[kind] ?? { type: kind, ...(vat === undefined ? {} : { vat }), step_size: 1 };
      element.price_components.push({ ...before, price });
    }
    told();
  };
  const setVAT = ({ target }) => {
    const rate = figureIn(target);
    if (rate === undefined) return;
    vat = rate ?? undefined;
    for (const component of [...element.price_components, ...Object.values(gone).filter(Boolean)]) {
      if (rate === null) delete component.vat; else component.vat = rate;
    }
    told();
  };
  const restrict = (name, value) => {
    const rest = { ...element.restrictions };
    if (value === null) delete rest[name]; else rest[name] = value;
    if (Object.keys(rest).length) element.restrictions = rest; else delete element.restrictions;
    told();
  };
  const setTime = (name) => ({ target }) => {
    const isTime = target.value === '' || target.validity.valid;
    if (isTime) target.removeAttribute('aria-invalid'); else target.setAttribute('aria-invalid', 'true');
    if (isTime) restrict(name, target.value || null);
  };
  const price = (kind) => fieldRow({
    name: `${kind}-${i}`, label: t(
      `tariff.field.${kind.toLowerCase()}`
    ), type: 'decimal', optional: ' ', cls: 'quarter',
    value: element.price_components.find((c) => c.type === kind)?.price ?? '', on: { input: setPrice(kind) },
  });
  const days = element.restrictions?.day_of_week ?? [];
  const id = freshID('days');
  const dayBoxes = week.map((day) => h('label.chip', null, h('input', {
    type: 'checkbox', value: day, checked: days.includes(day), on: {
      change: () => {
        const chosen = dayBoxes.map(
          (box) => box.querySelector('input')
        ).filter((box) => box.checked).map((box) => box.value);
        restrict('day_of_week', chosen.length === 0 || chosen.length === 7 ? null : chosen);
      },
    },
  }), t(`day.${day.toLowerCase()}`)));
  const swap = (by) => {
    const other = tariff.elements[i + by];
    [tariff.elements[i + by], tariff.elements[i]] = [element, other];
    state.arranged(i + by);
  };
  return h('fieldset.element', null, words,
    h('div.form.grid', null, kinds.map(price),
      fieldRow({
        name: `vat-${i}`, label: t('tariff.field.vat'), type: 'decimal', optional: ' ', cls: 'quarter',
        value: vatOf(element) ?? '', on: { input: setVAT },
      }),
      fieldRow({
        name: `start-${i}`, label: t('tariff.field.from'), placeholder: '22:00', maxlength: 5, pattern: clockPattern,
        optional: ' ', cls: 'quarter', value: element.restrictions?.start_time ?? '',
        on: { input: setTime('start_time') },
      }),
      fieldRow({
        name: `end-${i}`, label: t('tariff.field.to'), placeholder: '06:00', maxlength: 5, pattern: clockPattern,
        optional: ' ', cls: 'quarter', value: element.restrictions?.end_time ?? '', on: { input: setTime('end_time') },
      })),
    h('div.days', { role: 'group', 'aria-labelledby': id }, h('span.label', { id }, t('tariff.field.days')), dayBoxes),
    h('div.buttons', null,
      i > 0 && h('button', { type: 'button', on: { click: () => swap(-1) } }, t('tariff.element.up')),
      tariff.elements.length > 1 && h(
        'button', { type: 'button', on: { click: () => { tariff.elements.splice(i, 1); state.arranged(Math.min(i, tariff.elements.length - 1)); } } },
        t('tariff.element.remove')
      )));
}
