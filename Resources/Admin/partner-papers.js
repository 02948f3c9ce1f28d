// What a partner sees of ours and what it does not understand, on its page: publishing rules, notes, and the lists that we
// read of it.

import { get, mayOwn, mayRunAll, patch, post } from './api.js';
import { locations, partners, tariffs } from './books.js';
import { dialog, form, reading } from './dialog.js';
import { announce, fill, h, path } from './dom.js';
import { ago, none, number } from './format.js';
import { t, word } from './i18n.js';
import { doButton } from './lists.js';
import { onNews } from './live.js';
import { mark } from './states.js';
import { LiveTable } from './table.js';

/// A section that says which of our sites and tariffs the partner may see; `current()` gives the partner as it is now.
export function publishingSection(current) {
  const section = h('section');
  const draw = () => {
    const rules = current().publishing ?? {};
    const named = (field, key) => (rules[field]?.length ? h('li', null, t(key, { list: rules[field].join(', ') })) : null);
    const lines = [
      named('only_locations', 'publishing.only.sites'), named('hidden_locations', 'publishing.hidden.sites'),
      named('only_tariffs', 'publishing.only.tariffs'), named('hidden_tariffs', 'publishing.hidden.tariffs'),
      rules.all_parties ? h('li', null, t('publishing.all_parties')) : null,
    ].filter(Boolean);
    fill(section, h('div.section-head', null, h('h2', null, t('publishing.title')), h('div.buttons', null,
      mayOwn() && h('button', { type: 'button', on: { click: () => change(current(), draw) } }, t('publishing.change')))),
    lines.length ? h('ul.plain', null, lines) : h('p.mute', null, t('publishing.everything')), isNothing && h('p.warn', null, t('publishing.nothing', { n: locations.list().length }), ' ',
      h('a', { href: '/sites' }, t('first.place.go'))));
  };
  // A site that nobody described yet is shown to nobody, whatever the rules say.
  let isNothing = false;
  locations.ready().then(() => {
    isNothing = locations.list().every((site) => !site.published);
    if (isNothing) draw();
  }, () => {});
  draw();
  section.draw = draw;
  return section;
}

async function change({ id }, done) {
  const partner = await get(path`/partners/${id}`);
  const rules = partner.publishing ?? {};
  try { await Promise.all([locations.ready(), tariffs.ready()]); } catch { /* What is named already can still be changed. */ }
  const list = (items, shown, hidden, kind) => {
    const only = rules[shown]?.length ? rules[shown].map((ref) => ref.toLowerCase()) : null;
    const not = (rules[hidden] ?? []).map((ref) => ref.toLowerCase());
    return h('fieldset.choices', { data: { kind } }, h('legend', null, t(`publishing.${kind}`)), items.length ? items.map(({ ref, label }) => h('label', null, h('input', {
      type: 'checkbox', value: ref, checked: (only ? only.includes(ref.toLowerCase()) : true) && !not.includes(ref.toLowerCase()),
    }), label)) : h('p.mute', null, t('list.none')));
  };
  const places = list(locations.list().map((site) => ({ ref: site.ref, label: site.name })), 'only_locations', 'hidden_locations', 'sites');
  const prices = list(tariffs.list().map((tariff) => ({ ref: tariff.ref, label: tariff.ref })), 'only_tariffs', 'hidden_tariffs', 'tariffs');
  const later = (kind, set) => ({ name: kind, label: t('publishing.new'), type: 'check', value: set, hint: t('publishing.new.hint') });
  // New sites and tariffs are shown, unless only named ones are.
  const box = dialog(t('publishing.title'), (close) => form({
    intro: t('publishing.text'), submit: t('save'), cancel: close,
    fields: [
      places, later('new_sites', !rules.only_locations?.length), prices, later('new_tariffs', !rules.only_tariffs?.length),
      { name: 'all_parties', label: t('publishing.parties'), type: 'check', value: rules.all_parties },
    ],
    send(values) {
      const chosen = (place, on) => [...place.querySelectorAll('input')].filter((input) => input.checked === on).map((input) => input.value);
      const split = (place, isOpen, shown, hidden) => (isOpen ? { [shown]: null, [hidden]: chosen(place, false) } : { [shown]: chosen(place, true), [hidden]: null });
      return patch(path`/partners/${partner.id}`, { publishing: {
        all_parties: values.all_parties || null,
        ...split(places, values.new_sites, 'only_locations', 'hidden_locations'),
        ...split(prices, values.new_tariffs, 'only_tariffs', 'hidden_tariffs'),
      } }, { match: partner });
    },
    done(fresh) {
      partners.put(fresh);
      close();
      setTimeout(done, 60);
    },
  }), { cls: 'wide' });
  return box;
}

/// A section of what is odd about a partner and what its version cannot say.
export function notesSection(current) {
  const section = h('section');
  const table = new LiveTable({
    caption: t('notes.title'), key: (note) => note.what, empty: () => h('p.mute', null, t('notes.none')),
    columns: [
      { id: 'what', label: t('col.what'), head: true, wide: true, cell: (note) => note.what },
      { id: 'count', label: t('col.count'), num: true, cell: (note) => number(note.count) },
      { id: 'sample', label: t('notes.sample'), wide: true, cut: true, cell: (note) => (note.sample ? h('span.mono', { title: note.sample }, note.sample) : none) },
      { id: 'last', label: t('notes.last'), calm: true, cell: (note) => ago(note.last_at) },
    ],
  });
  fill(section, h('h2', null, t('notes.title')), h('p.mute', null, t('notes.text')), table.element);
  section.draw = () => table.show(current().notes ?? []);
  section.draw();
  return section;
}

/// A section of the lists that are read of a partner, where it has any.
export function pullsSection(id, signal) {
  const section = h('section', { hidden: true });
  const table = new LiveTable({
    caption: t('pulls.title'), key: (pull) => pull.module, empty: () => h('p.mute', null, t('list.none')),
    columns: [
      { id: 'module', label: t('partners.module'), head: true, cell: (pull) => word('module', pull.module) },
      { id: 'count', label: t('col.count'), num: true, cell: (pull) => number(pull.count) },
      { id: 'whole', label: t('pulls.whole'), calm: true, cell: (pull) => ago(pull.whole_at) },
      { id: 'due', label: t('col.next'), calm: true, cell: (pull) => ago(pull.due_at) },
      { id: 'flaws', label: t('pulls.flaws'), num: true, cell: (pull) => h('span', { title: pull.flaws.join('\n') }, number(pull.flaws.length)) },
      { id: 'error', label: t('col.error'), wide: true, cut: true, cell: (pull) => pull.last_error ?? none },
    ],
  });
  const load = () => reading(section, async () => {
    const { items } = await get(path`/partners/${id}/pulls`, {}, { signal });
    section.hidden = items.length === 0;
    table.show(items);
  }, signal);
  fill(section, h('div.section-head', null, h('h2', null, t('pulls.title')), h('div.buttons', null,
    h('a.button', { href: path`/roaming?partner=${id}` }, t('pulls.look')),
    mayRunAll() && doButton(t('pulls.now'), async () => {
      await post(path`/partners/${id}/pull`, {});
      announce(t('pulls.asked'));
      setTimeout(load, 1500);
    }))), table.element);
  load();
  return section;
}

/// A section of the parties behind a hub, where it has told of any.
export function clientsSection(id, signal) {
  return toldSection({
    title: t('clients.title'), text: t('clients.text'), url: path`/partners/${id}/clients`, signal, news: 'partner.hub_client', id,
    key: (client) => `${client.country_code}*${client.party_id}/${client.role}`,
    columns: [
      { id: 'party', label: t('col.party'), head: true, cell: (client) => h('span.id', null, `${client.country_code}*${client.party_id}`) },
      { id: 'role', label: t('partners.role'), cell: (client) => client.role },
      { id: 'status', label: t('col.state'), cell: (client) => mark('yes', { CONNECTED: 'ok', PLANNED: 'private', SUSPENDED: 'blocked' }[client.status] ?? 'expired', word('client', client.status.toLowerCase())) },
      { id: 'changed', label: t('col.changed'), calm: true, cell: (client) => ago(client.last_updated) },
    ],
  });
}

/// A section of the payment terminals that a partner has told of, if any.
export function terminalsSection(id, signal) {
  return toldSection({
    title: t('terminals.title'), text: t('terminals.text'), url: path`/partners/${id}/terminals`, signal, news: 'partner.', id, key: (terminal) => terminal.terminal_id,
    columns: [
      { id: 'terminal', label: t('terminals.id'), head: true, cell: (terminal) => h('span.id', null, terminal.terminal_id) },
      { id: 'places', label: t('col.where'), wide: true, cell: (terminal) => [...terminal.location_ids ?? [], ...terminal.evse_uids ?? []].join(', ') || none },
      { id: 'changed', label: t('col.changed'), calm: true, cell: (terminal) => ago(terminal.last_updated) },
    ],
  });
}

function toldSection({ title, text, url, signal, news, id, ...table }) {
  const section = h('section', { hidden: true });
  const view = new LiveTable({ caption: title, empty: () => h('p.mute', null, t('list.none')), ...table });
  const load = () => reading(section, async () => {
    const { items } = await get(url, {}, { signal });
    section.hidden = items.length === 0;
    view.show(items);
  }, signal);
  fill(section, h('h2', null, title), h('p.mute', null, text), view.element);
  onNews(({ events }) => { if (events?.some((e) => e.subject === `partner/${id}` && e.kind.startsWith(news))) load(); }, signal);
  load();
  return section;
}
