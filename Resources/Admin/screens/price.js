// The rules of one price: what they would have earned, what they did, and a form for all of them.

import { get, mayRunAll, me, patch, post } from '../api.js';
import { locations, tariffs } from '../books.js';
import { form, reading } from '../dialog.js';
import { announce, fill, h, path } from '../dom.js';
import { amount, day, duration, kilowattHours, none, number, timeMark } from '../format.js';
import { filterBar } from '../forms.js';
import { t, word } from '../i18n.js';
import { go } from '../keys.js';
import { facts, listSection } from '../lists.js';
import { onNews } from '../live.js';
import { policyActions } from '../price-actions.js';
import { ruleForm, ruleInWords } from '../price-rules.js';
import { mark } from '../states.js';
import { zoneOf } from '../zones.js';
import { stateOfPolicy } from './prices.js';

const positive = '[0-9]+([.,][0-9]+)?';
const period = 15_000;   // Milliseconds between two looks at where the price stands.
const spans = [28, 60, 91, 182, 364];
const reactions = ['0', '0.1', '0.2', '0.5'];

export async function show({ root, signal, params, query, head, keep }) {
  const isNew = params.id === 'new';
  const back = { href: '/prices', label: t('prices.title') };
  if (isNew || me.sites !== null) {
    head({ title: isNew ? t('prices.new') : t('prices.title'), sub: isNew && t('prices.new.text'), back });
    if (!mayRunAll()) return root.append(h('p', null, t(me.sites === null ? 'prices.may_not' : 'energy.whole')));
    await Promise.all([tariffs.ready(), locations.ready()]);
    if (signal.aborted) return;
    root.append(newForm(Number(query.get('tariff')) || null));
    return;
  }
  let kept = await get(path`/price-policies/${params.id}`, {}, { signal });
  await Promise.all([tariffs.ready(), locations.ready()]).catch(() => {});
  if (signal.aborted) return;
  const currency = () => tariffs.get(kept.tariff)?.tariff.currency ?? 'EUR';
  const figures = h('dl.kpis'), terms = h('div'), rules = h('ol.plain.rules'), trouble = h('div');
  const drawHead = () => head({
    title: kept.policy.name, back, sub: [
      stateOfPolicy(kept), h('a.id', { href: path`/tariffs/${kept.tariff}` }, tariffs.get(kept.tariff)?.ref ?? String(kept.tariff)),
      h('span', null, kept.policy.location ? locations.get(kept.policy.location)?.name ?? none : t('analytics.all')), h('span', null, kept.policy.time_zone),
    ],
    buttons: policyActions(kept, taken, () => go('/prices')).slice(1).map((action) => h('button', {
      type: 'button', class: action.isMain ? 'primary' : action.danger ? 'danger' : '', 'aria-keyshortcuts': `. ${action.key}`, on: { click: action.run },
    }, action.label)),
    actions: () => policyActions(kept, taken, () => go('/prices')).slice(1),
  });
  const draw = () => {
    const money = (value) => amount(value, currency(), 6);
    const figure = (label, value, more) => h('div', null, h('dt', null, label), h('dd.fig', null, value), more && h('dd.mute', null, more));
    fill(figures, figure(t('prices.now'), kept.price === null ? none : money(kept.price), kept.changed_at && [t('prices.moved'), ' ', timeMark(kept.changed_at)]),
      figure(t('prices.planned'), kept.planned ? money(kept.planned.price) : none, kept.planned && timeMark(kept.planned.at)),
      figure(t('prices.floor'), money(kept.policy.floor)), figure(t('prices.cap'), money(kept.policy.cap)));
    fill(terms, kept.trouble && h('div.trouble', { role: 'alert' }, h('strong', null, t('prices.trouble')), h('div', null, kept.trouble)));
    fill(rules, kept.policy.rules.map((rule) => h('li', null, ruleInWords(rule, currency()))));
  };
  function taken(now) {
    kept = now;
    drawHead();
    draw();
  }
  drawHead();
  draw();
  const preview = previewSection(kept.id, query, keep, signal);
  const moves = moveSection(kept.id, signal, () => currency());
  const { policy } = kept;
  root.append(trouble, terms, h('section', { 'aria-label': t('analytics.figures') }, figures),
    h('section', null, h('h2', null, t('prices.rules')), rules, facts(
      [t('prices.base'), amount(policy.base, currency(), 6)], [t('prices.step'), amount(policy.step, currency(), 6)], [t('prices.grain'), amount(policy.grain, currency(), 6)],
      [t('prices.notice'), duration(policy.notice_seconds)], [t('prices.hold'), duration(policy.hold_seconds)], [t('energy.area'), policy.area])),
    preview.element, moves.element);
  if (mayRunAll()) root.append(changeSection(kept));
  const look = () => reading(trouble, async () => {
    const fresh = await get(path`/price-policies/${params.id}`, {}, { signal });
    const isOther = fresh.state !== kept.state || fresh.policy.name !== kept.policy.name;
    kept = fresh;
    if (isOther) drawHead();
    draw();
    moves.refresh();
  }, signal);
  onNews(({ events }) => { if (events?.some((e) => e.subject === `tariff/${kept.tariff}` || (e.kind.startsWith('price_policy.') && e.body?.state !== 'removed'))) look(); }, signal);
  const timer = setInterval(() => { if (!document.hidden && kept.state !== 'draft') look(); }, period);
  signal.addEventListener('abort', () => clearInterval(timer));
  await Promise.all([preview.begin(), moves.begin()]);
}

// MARK: What it would have done

function previewSection(id, query, keep, signal) {
  const place = h('div.stack', { 'aria-live': 'polite' });
  const bar = filterBar([
    { name: 'days', type: 'select', label: t('analytics.span'), value: query.get('days') ?? '60', options: spans.map((n) => ({ value: String(n), label: t('analytics.days', { n }) })) },
    { name: 'moves', type: 'select', label: t('prices.reaction'), value: query.get('moves') ?? '0.2', options: reactions.map((value) => ({ value, label: t('prices.reaction.of', { percent: number(value * 100) }) })) },
  ], () => { keep(bar.values()); draw(); });
  let round = 0;
  const draw = () => reading(place, async () => {
    const mine = ++round;
    const { days, moves } = bar.values();
    const to = Math.floor(Date.now() / 900_000) * 900_000;
    const found = await get(path`/price-policies/${id}/preview`, { from: stamp(to - days * 86_400_000), to: stamp(to), elasticity: moves }, { signal });
    if (mine !== round) return false;
    return fill(place, previewParts(found));
  }, signal);
  return { element: h('section', null, h('h2', null, t('prices.preview')), h('p.mute', null, t('prices.preview.text')), bar, place), begin: draw };
}

function stamp(milliseconds) { return new Date(milliseconds).toISOString(); }

function previewParts(found) {
  const money = (value) => amount(value, found.currency);
  const more = Number(found.would_have_earned) - Number(found.earned);
  const share = Number(found.earned) ? (more / Number(found.earned)) * 100 : null;
  const figure = (label, value, note) => h('div', null, h('dt', null, label), h('dd.fig', null, value), note && h('dd.mute', null, note));
  if (!Number(found.energy_kwh)) return h('p.mute', null, t('analytics.none', { from: day(found.from), to: day(found.to) }));
  return [
    h('p.words', null, t(more < 0 ? 'prices.preview.less' : 'prices.preview.more', {
      would: money(found.would_have_earned), earned: money(found.earned), more: money(Math.abs(more)), kwh: kilowattHours(found.moved_kwh, 1),
    })),
    h('dl.kpis', null, figure(t('prices.earned'), money(found.earned), kilowattHours(found.energy_kwh, 1)),
      figure(t('prices.would'), money(found.would_have_earned), share === null ? '' : `${share > 0 ? '+' : ''}${number(share, 1)} %`),
      figure(t('prices.off_peak'), kilowattHours(found.moved_kwh, 1), `${number((Number(found.moved_kwh) / Number(found.energy_kwh)) * 100, 1)} %`),
      figure(t('prices.changes'), number(found.changes)),
      figure(t('prices.span'), `${amount(found.lowest_price, found.currency, 6)} – ${amount(found.highest_price, found.currency, 6)}`)),
    h('h3', null, t('prices.unknown')),
    h('ul', null, found.unknown.map(({ code, count }) => h('li', null, t(`prices.unknown.${code}`, { n: number(count ?? 0) })))),
  ];
}

// MARK: What it did

function moveSection(id, signal, currency) {
  const money = (value) => amount(value, currency(), 6);
  const inputs = ({ why }) => [
    why.occupancy_percent !== null && t('prices.saw.occupancy', { percent: number(why.occupancy_percent) }),
    why.grid_price !== null && t('prices.saw.grid', { price: money(why.grid_price) }),
    why.surplus_kw !== null && t('prices.saw.surplus', { kw: number(why.surplus_kw, 1) }),
  ].filter(Boolean).join(', ') || none;
  return listSection({
    title: t('prices.moves'), empty: t('prices.moves.none'), url: path`/price-policies/${id}/moves`, signal, key: (m) => `${m.at}${m.kind}${m.price}`,
    columns: [
      { id: 'at', label: t('col.time'), head: true, cell: (m) => timeMark(m.at) },
      { id: 'kind', label: t('col.what'), cell: (m) => word('prices.move', m.kind) },
      { id: 'live', label: t('col.state'), cell: (m) => mark('yes', m.live ? 'ok' : 'estimated', word('prices.state', m.live ? 'live' : 'dry_run')) },
      { id: 'price', label: t('col.price'), num: true, cell: (m) => money(m.price) },
      { id: 'begins', label: t('prices.begins'), cell: (m) => timeMark(m.begins) },
      { id: 'version', label: t('col.version'), num: true, cell: (m) => (m.version === null ? none : number(m.version)) },
      { id: 'saw', label: t('prices.saw'), wide: true, cell: inputs },
      { id: 'rules', label: t('prices.held'), cell: (m) => m.why.rules.map((place) => place + 1).join(', ') || none },
      { id: 'target', label: t('prices.target'), num: true, cell: (m) => money(m.why.target) },
    ],
  });
}

// MARK: The form

const energyPrice = (tariff) => tariff?.elements.filter((one) => !one.restrictions?.reservation)
  .flatMap((one) => one.price_components).find((one) => one.type === 'ENERGY')?.price;

function blank(tariff) {
  const base = energyPrice(tariff?.tariff) ?? 0.4;
  const rounded = (value) => Number(value.toFixed(2));
  return {
    name: '', time_zone: zoneOf(locations.list()) ?? Intl.DateTimeFormat().resolvedOptions().timeZone, base, floor: rounded(base * 0.75), cap: rounded(base * 1.25), step: 0.05,
    grain: 0.01, notice_seconds: 900, hold_seconds: 3600, rules: [{ kind: 'occupancy', from: 80, add: 0.05 }],
  };
}

function policyFields(policy, rules) {
  let zones = [];
  try { zones = Intl.supportedValuesOf('timeZone'); } catch { /* It is typed. */ }
  const money = (name, hint) => ({ name, label: t(`prices.${name}`), type: 'decimal', pattern: positive, required: true, value: policy[name], cls: 'quarter', hint });
  const minutes = (name) => ({ name, label: t(`prices.${name}.minutes`), type: 'decimal', pattern: positive, required: true, value: policy[`${name}_seconds`] / 60, cls: 'half', hint: t(`prices.${name}.hint`) });
  return [
    { name: 'name', label: t('field.name'), required: true, maxlength: 64, value: policy.name, cls: 'half' },
    { name: 'location', label: t('col.site'), type: 'select', value: String(policy.location ?? ''), cls: 'half', hint: t('prices.site.hint'), options: [{ value: '', label: t('analytics.all') }, ...locations.list().map((s) => ({ value: String(s.id), label: s.name }))] },
    { name: 'time_zone', label: t('field.zone'), required: true, value: policy.time_zone, list: zones.map((value) => ({ value })), cls: 'half' },
    { name: 'area', label: t('energy.area'), maxlength: 32, value: policy.area, cls: 'half', hint: t('prices.area.hint') },
    money('base'), money('floor'), money('cap'), money('step'),
    money('grain'), { ...minutes('notice'), cls: 'quarter' }, { ...minutes('hold'), cls: 'half' },
    h('div', null, h('h2', null, t('prices.rules')), h('p.mute', null, t('prices.rules.text')), rules),
  ];
}

function policyOf(values, rules) {
  const { location, area, notice, hold, ...rest } = values;
  const numbers = Object.fromEntries(['base', 'floor', 'cap', 'step', 'grain'].map((name) => [name, Number(rest[name])]));
  return {
    name: rest.name, time_zone: rest.time_zone, ...numbers, ...(location ? { location: Number(location) } : {}), ...(area ? { area } : {}),
    notice_seconds: Math.round(notice * 60), hold_seconds: Math.round(hold * 60), rules,
  };
}

/// Rules without what was not said.
const plain = (rules) => rules.map((rule) => Object.fromEntries(Object.entries(rule).filter(([, value]) => value !== null && value?.length !== 0)));

function newForm(wanted) {
  const all = tariffs.list().filter((one) => energyPrice(one.tariff) !== undefined);
  if (!all.length) return h('p', null, t('prices.no_tariff'), ' ', h('a', { href: '/tariffs/new' }, t('tariffs.add')));
  let chosen = all.find((one) => one.id === wanted) ?? all[0];
  const policy = blank(chosen);
  const rules = ruleForm(policy.rules, () => chosen.tariff.currency);
  const element = form({
    submit: t('prices.new.submit'), cancel: () => go('/prices'),
    fields: [
      { name: 'tariff', label: t('col.tariff'), type: 'select', required: true, value: String(chosen.id), options: all.map((one) => ({ value: String(one.id), label: `${one.ref} · ${amount(energyPrice(one.tariff), one.tariff.currency, 6)}` })), on: { change: choose } },
      ...policyFields(policy, rules),
    ],
    send: ({ tariff, ...values }) => post('/price-policies', { tariff: Number(tariff), policy: policyOf(values, policy.rules) }),
    done: (made) => {
      announce(t('prices.said.draft', { name: made.policy.name }));
      go(path`/prices/${made.id}`);
    },
  });
  /// Another tariff has another price to begin from.
  function choose({ target }) {
    chosen = all.find((one) => String(one.id) === target.value);
    const fresh = blank(chosen);
    for (const name of ['base', 'floor', 'cap']) element.elements[name].value = fresh[name];
    rules.draw();
  }
  return element;
}

function changeSection(resource) {
  let match = resource;
  const rules = plain(resource.policy.rules);
  const currency = () => tariffs.get(resource.tariff)?.tariff.currency ?? 'EUR';
  const valuesOf = ({ policy }) => ({ ...policy, location: String(policy.location ?? ''), notice: policy.notice_seconds / 60, hold: policy.hold_seconds / 60 });
  const element = form({
    submit: t('save'), fields: policyFields(resource.policy, ruleForm(rules, currency)),
    send: (values) => patch(path`/price-policies/${resource.id}`, { policy: policyOf(values, rules) }, { match }),
    fresh: async () => {
      match = await get(path`/price-policies/${resource.id}`);
      return { values: valuesOf(match) };
    },
    done: (kept) => {
      announce(t('saved'));
      go(path`/prices/${kept.id}` + location.search);
    },
  });
  return h('details', null, h('summary', null, t('prices.change')), resource.state === 'live' && h('p.warn', null, t('prices.change.live')), element);
}
