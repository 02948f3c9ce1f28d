// Drivers and tokens: who may charge, and the tags that were shown and that nobody knows.

import { all, get, mayRunAll, me, patch, post, remove } from '../api.js';
import { confirmDialog, formDialog } from '../dialog.js';
import { announce, h, path } from '../dom.js';
import { editDialog } from '../editing.js';
import { ago, day, none, now, number } from '../format.js';
import { changes, filterBar, given } from '../forms.js';
import { t, word } from '../i18n.js';
import { csvButton, orderOf } from '../lists.js';
import { onNews } from '../live.js';
import { pager } from '../pager.js';
import { importButton } from '../imports.js';
import { LiveTable } from '../table.js';
import { mark } from '../states.js';
import { savedViews } from '../views.js';
import { localIn } from '../zones.js';

export async function show({ root, signal, query, head, keep }) {
  const inbox = h('section', { hidden: true });
  const unknown = unknownTable((tag) => add(tag));
  inbox.append(h('h2', null, t('tokens.inbox')), h('p.mute', null, t('tokens.inbox.text')), unknown.element);
  const bar = filterBar([
    { name: 'q', type: 'search', label: t('tokens.filter'), value: query.get('q') },
    {
      name: 'owner', type: 'select', label: t('tokens.owner'), value: query.get('owner'),
      options: [
        { value: '', label: t('tokens.owner.all') }, { value: 'ours', label: t('tokens.owner.ours') },
        { value: 'partners', label: t('tokens.owner.partners') },
      ],
    },
  ], () => changed(), savedViews('tokens'));
  function changed() {
    keep({ ...bar.values(), sort: order.text });
    list.begin();
  }
  head({
    title: t('nav.tokens'), sub: t('tokens.sub'),
    buttons: [me.sites === null && csvButton('/tokens', () => bar.values()), mayRunAll() && [importButton('tokens'), h('button', { type: 'button', on: { click: () => add() } }, t('tokens.add.new'))]],
  });
  const order = orderOf(query, () => changed());
  const table = new LiveTable({
    caption: t('nav.tokens'), order, key: (k) => k.id, name: (k) => k.uid, open: (k) => { if (mayRunAll() && !k.owner) change(k); },
    actions: (k) => (mayRunAll() && !k.owner ? [
      { label: k.valid ? t('tokens.block') : t('tokens.unblock'), key: 'b', run: () => block(k) },
      { label: t('tokens.change'), key: 'e', run: () => change(k) },
      { label: t('tokens.remove'), key: 'x', danger: true, run: () => removal(k) },
    ] : []),
    empty: () => h('div', null, h('h2', null, t('tokens.none')), h('p', null, t('tokens.none.text'))),
    columns: [
      { id: 'uid', by: 'uid', label: t('col.uid'), head: true, cut: true, cell: (k) => h('span.id', null, k.uid) },
      { id: 'state', by: 'valid', label: t('col.state'), cell: (k) => mark('yes', stateOfToken(k)) },
      { id: 'type', by: 'type', label: t('col.type'), cell: (k) => word('token_type', k.type) },
      {
        id: 'visual', by: 'visual_number', label: t('tokens.name'), cut: true,
        cell: (k) => k.visual_number ?? none,
      },
      { id: 'contract', by: 'contract_id', label: t('fact.contract'), cut: true, cell: (k) => h('span.id', null, k.contract_id) },
      { id: 'group', by: 'group_id', label: t('tokens.group'), cut: true, cell: (k) => k.group_id ?? none },
      { id: 'whitelist', by: 'whitelist', label: t('tokens.whitelist'), cell: (k) => word('whitelist', k.whitelist) },
      { id: 'until', by: 'valid_until', label: t('tokens.until'), cell: (k) => (k.valid_until ? day(k.valid_until) : none) },
      {
        id: 'owner', by: 'owner', label: t('tokens.owner'),
        cell: (k) => (k.owner ? h('span', { title: k.issuer }, ownerName(k.owner)) : h('span.mute', null, t('tokens.owner.ours'))),
      },
    ],
  });
  const list = pager({
    signal, wait: 200, order, load: (cursor) => get('/tokens', { ...bar.values(), sort: order.text, limit: 100, cursor }, { signal }),
    draw: (items, fresh) => (fresh ? table.showNow(items) : table.show(items)),
  });
  const strangers = pager({
    signal, key: (tag) => tag.uid, load: (cursor) => get('/unknown-tags', { limit: 50, cursor }, { signal }),
    draw: (items, fresh) => {
      inbox.hidden = items.length === 0;
      if (fresh) unknown.showNow(items); else unknown.show(items);
    },
  });
  inbox.append(strangers.element, h('div.buttons', null, csvButton('/unknown-tags')));
  root.append(inbox, h('section', null, h('h2', null, t('tokens.list')), bar, table.element, list.element));
  const renew = () => { list.begin(); strangers.begin(); };
  const refresh = () => { list.refresh(); strangers.refresh(); };
  onNews(({ events }) => {
    if (events?.some((e) => e.kind.startsWith('token.'))) refresh();
  }, signal);
  // A tag that nobody knows is no event of the house; the inbox is looked into.
  const timer = setInterval(() => { if (!document.hidden) strangers.refresh(); }, 5000);
  signal.addEventListener('abort', () => clearInterval(timer));
  await Promise.all([list.begin(), strangers.begin()]);

  async function add(tag) {
    const sites = await locations();
    formDialog({
      title: tag ? t(
        'tokens.add.known', { uid: tag.uid }
      ) : t('tokens.add.new'), submit: t('tokens.add.submit'), fields: tokenFields(tag ? { uid: tag.uid } : {}, true, sites),
      intro: tag ? t('tokens.add.seen', { station: tag.station, n: tag.count }) : null,
      send: (values) => post('/tokens', given(shaped(values))), done: renew,
    });
  }

  async function change(token) {
    const sites = await locations();
    return editDialog(path`/tokens/${token.id}`, (now) => ({
      title: t('tokens.change.title', { uid: token.uid }), submit: t('save'), fields: tokenFields(now, false, sites), values: flat,
      done: renew,
      send: (values, match) => patch(
        path`/tokens/${token.id}`, changes(shaped(values, match), shaped(flat(match), match)), { match }
      ),
    }));
  }

  async function block(token) {
    await patch(path`/tokens/${token.id}`, { valid: !token.valid });
    announce(t(token.valid ? 'tokens.blocked' : 'tokens.unblocked', { uid: token.uid }));
    refresh();
  }

  function removal(token) {
    confirmDialog({
      title: t(
        'tokens.remove.title', { uid: token.uid }
      ), text: t('tokens.remove.text'), type: token.uid, submit: t('tokens.remove'),
      send: () => remove(path`/tokens/${token.id}`), done: renew,
    });
  }
}

function stateOfToken(token) {
  if (!token.valid) return 'blocked';
  return token.valid_until && new Date(token.valid_until).getTime() < now() ? 'expired' : 'valid';
}

function ownerName(owner) { return owner.name ?? `${owner.country_code ?? ''}*${owner.party_id ?? ''}`; }

function flat(token) {
  return { ...token, valid_until: token.valid_until ? localIn(token.valid_until).slice(0, 10) : null, places: placeOf(token), energy_transfers: waysOf(token) };
}

/// One location by its number, nothing for everywhere, or a word for what only the API can say.
function placeOf({ places }) {
  if (!places) return '';
  return places.length === 1 && places[0].location ? String(places[0].location) : 'many';
}

const WAYS = { ac: ['ac_one_phase', 'ac_two_phases', 'ac_three_phases'], dc: ['dc'] };

/// Alternating or direct current, nothing for both, or a word for what only the API can say.
function waysOf({ energy_transfers: ways }) {
  if (!ways) return '';
  return Object.keys(WAYS).find((name) => WAYS[name].join() === ways.join()) ?? 'many';
}

async function locations() {
  return (await all('/locations')).map((site) => ({ value: String(site.id), label: site.name ?? site.address }));
}

/// A day becomes its last moment here.
function shaped({
  uid, type, valid_until, places, energy_transfers: ways, ...plain
}, token) {
  const end = valid_until ? new Date(`${valid_until}T23:59:59`).toISOString() : null;
  return {
    ...(uid === undefined ? {} : { uid }), ...(type === undefined ? {} : { type }), ...plain, valid_until: end,
    places: places === 'many' ? token.places : places ? [{ location: Number(places) }] : null,
    energy_transfers: ways === 'many' ? token.energy_transfers : WAYS[ways] ?? null,
  };
}

function tokenFields(token, isNew, sites) {
  const options = (family, values) => values.map((value) => ({ value, label: word(family, value) }));
  return [
    isNew && {
      name: 'uid', label: t('col.uid'), required: true, value: token.uid, mono: true, maxlength: 36,
      hint: t('tokens.uid.hint'),
    },
    {
      name: 'visual_number', label: t('tokens.name'), value: token.visual_number, maxlength: 64,
      hint: t('tokens.name.hint'), first: Boolean(token.uid),
    },
    isNew && {
      name: 'type', label: t('field.token_type'), type: 'select', required: true, value: 'RFID',
      options: options('token_type', ['RFID', 'APP_USER', 'AD_HOC_USER', 'KEY_CODE', 'EMAID', 'MAC_ADDRESS', 'EVCCID', 'VIN', 'OTHER']),
    },
    { name: 'group_id', label: t('tokens.group'), value: token.group_id, maxlength: 36, hint: t('tokens.group.hint') },
    { name: 'valid_until', label: t('tokens.until'), type: 'date', value: flat(token).valid_until, cls: 'half' },
    {
      name: 'sessions_at_once', label: t('tokens.at_once'), type: 'number', min: 1, max: 100, value: token.sessions_at_once, cls: 'half',
      hint: t('tokens.at_once.hint'),
    },
    {
      name: 'credit', label: t('tokens.credit'), type: 'decimal', value: token.credit, cls: 'half', hint: t('tokens.credit.hint'),
    },
    {
      name: 'priority', label: t('tokens.priority'), type: 'number', min: -9, max: 9, value: token.priority, cls: 'half',
      hint: t('tokens.priority.hint'),
    },
    {
      name: 'places', label: t('tokens.places'), type: 'select', value: placeOf(token), hint: t('tokens.places.hint'),
      options: [
        { value: '', label: t('tokens.places.all') }, ...sites,
        ...(placeOf(token) === 'many' ? [{ value: 'many', label: t('tokens.places.many', { n: token.places.length }) }] : []),
      ],
    },
    {
      name: 'energy_transfers', label: t('tokens.ways'), type: 'select', value: waysOf(token), hint: t('tokens.ways.hint'),
      options: [
        { value: '', label: t('tokens.ways.all') }, { value: 'ac', label: t('tokens.ways.ac') },
        { value: 'dc', label: t('tokens.ways.dc') },
        ...(waysOf(token) === 'many' ? [{ value: 'many', label: t('tokens.ways.many', { n: token.energy_transfers.length }) }] : []),
      ],
    },
    {
      name: 'preference', label: t('tokens.preference'), type: 'select', value: token.preference ?? '', hint: t('tokens.preference.hint'),
      options: [
        { value: '', label: t('tokens.preference.none') },
        ...['REGULAR', 'CHEAP', 'FAST', 'GREEN'].map((value) => ({ value, label: word('preference', value.toLowerCase()) })),
      ],
    },
    {
      name: 'whitelist', label: t('tokens.whitelist'), type: 'select', required: true,
      value: token.whitelist ?? 'ALWAYS',
      options: options('whitelist', ['ALWAYS', 'ALLOWED', 'ALLOWED_OFFLINE', 'NEVER']),
      hint: t('tokens.whitelist.hint'),
    },
    {
      name: 'contract_id', label: t('fact.contract'), value: token.contract_id, mono: true, maxlength: 36,
      hint: isNew ? t('tokens.contract.hint') : null, required: !isNew,
    },
    { name: 'issuer', label: t('tokens.issuer'), value: token.issuer, maxlength: 64, required: !isNew },
  ].filter(Boolean);
}

function unknownTable(add) {
  return new LiveTable({
    caption: t('tokens.inbox'), key: (tag) => `${tag.uid}/${tag.station}`, name: (tag) => tag.uid, open: (tag) => { if (mayRunAll()) add(tag); },
    actions: (tag) => (mayRunAll() ? [{ label: t('tokens.add'), key: 'a', run: () => add(tag) }] : []),
    columns: [
      { id: 'uid', label: t('col.uid'), head: true, cell: (tag) => h('span.id', null, tag.uid) },
      { id: 'seen', label: t('tokens.seen'), cell: (tag) => ago(tag.last_at) },
      {
        id: 'station', label: t('col.station'),
        cell: (tag) => h('a.id', { href: path`/stations/${tag.station}` }, tag.station),
      },
      { id: 'count', label: t('tokens.times'), num: true, cell: (tag) => number(tag.count) },
      {
        id: 'add', label: t('tokens.add'), hush: true, calm: true, sig: () => 'add',
        cell: (tag) => mayRunAll() && h('button', { type: 'button', on: { click: () => add(tag) } }, t('tokens.add')),
      },
    ],
  });
}
