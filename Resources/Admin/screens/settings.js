// Settings: one's own account, people and keys, who we are on papers and towards partners, certificates, and what runs here.

import { get, mayOwn, me, patch, post, remove, replace } from '../api.js';
import { stationURLs } from '../actions.js';
import { confirmDialog, copyBox, form, formDialog, reading, secretDialog } from '../dialog.js';
import { announce, fill, h, path } from '../dom.js';
import { ago, none, timeMark } from '../format.js';
import { changes } from '../forms.js';
import { chooseLanguage, language, languages, locale, t, word } from '../i18n.js';
import { showSheet } from '../keys.js';
import { doButton } from '../lists.js';
import { onNews } from '../live.js';
import { logOut } from '../shell.js';
import { LiveTable } from '../table.js';
import { accountSections } from './account.js';
import { alarmSection } from './alarms.js';
import { authoritySections } from './authority.js';
import { versionsBoxes } from './partners.js';
import { auditSection, ownPassword, peopleSection, reachField, reachOf, roleOptions, siteNames, sitesText } from './people.js';
import { webhookSection } from './webhooks.js';

const tabs = { account: drawAccount, people: drawPeople, alarms: drawAlarms, company: drawCompany, certificates: drawCertificates, house: drawHouse, checkup: drawCheckup, api: drawAPI };

export async function show({ root, signal, query, head }) {
  const shown = Object.keys(tabs).filter((name) => (!['people', 'alarms', 'checkup'].includes(name) || mayOwn()) && (name !== 'certificates' || me.sites === null));
  const tab = shown.includes(query.get('tab')) ? query.get('tab') : 'account';
  head({ title: t('nav.settings'), sub: t('settings.sub') });
  const place = h('div');
  root.append(h('nav.tabs', { 'aria-label': t('settings.tabs') }, h('ul', null, shown.map((name) => h('li', null, h('a', {
    href: name === 'account' ? '/settings' : `/settings?tab=${name}`, 'aria-current': name === tab ? 'page' : null,
  }, t(`settings.tab.${name}`)))))), place);
  await tabs[tab](place, signal);
}

const fact = (label, value) => [h('dt', null, label), h('dd', null, value)];

async function drawAccount(place, signal) {
  const account = accountSections(signal);
  fill(place, h('section', null, h('h2', null, t('settings.me')), h('dl.facts', null, fact(t('settings.user'), me.user), fact(
    t('settings.role'), `${t(`role.${me.role}`)}: ${t(`role.${me.role}.text`)}`
  ), fact(t('settings.via'), t(`settings.via.${me.via}`))),
  h('div.buttons', null, me.via === 'session' && h('button', { type: 'button', on: { click: logOut } }, t('shell.logout')),
    h('button', { type: 'button', on: { click: showSheet } }, t('keys.title')))),
  h('div.two', null, h('section', null, h('h2', null, t('settings.theme')), themeChoice()), h('section', null, h('h2', null, t('settings.language')), languageChoice())), account.elements);
  await account.begin();
}

async function drawPeople(place, signal) {
  await siteNames();
  const lists = [peopleSection(signal), keysSection(signal), auditSection(signal)];
  fill(place, lists.map((list) => list.element));
  await Promise.all(lists.map((list) => list.begin()));
}

async function drawAlarms(place, signal) {
  const lists = [alarmSection(signal), webhookSection(signal)];
  fill(place, lists.map((list) => list.element));
  await Promise.all(lists.map((list) => list.begin()));
}

async function drawCompany(place, signal) {
  const company = h('section', null, h('h2', null, t('company.title'))), parties = h('div'), open = h('section', null, h('h2', null, t('public.title')));
  // Who is limited to sites is told of no books.
  const isWhole = me.sites === null;
  fill(place, isWhole && company, h('section', null, h('div.section-head', null, h('h2', null, t('settings.parties')), h('div.buttons', null,
    mayOwn() && h('button', { type: 'button', on: { click: () => addParty(() => drawParties()) } }, t('settings.parties.add')))), parties), open);
  const drawParties = () => reading(parties, async () => {
    const page = await get('/parties', {}, { signal });
    // Each by itself where it can be changed: then its version is known.
    const each = mayOwn() ? await Promise.all(page.items.map(({ id }) => get(path`/parties/${id}`, {}, { signal }))) : page.items;
    fill(parties, each.map((party) => partyForm(party, drawParties)));
  }, signal);
  const drawBooks = async () => {
    const known = await get('/company', {}, { signal });
    fill(company, h('h2', null, t('company.title')), h('p.mute', null, t('company.text')), companyForm(known));
  };
  await Promise.all([isWhole && reading(company, drawBooks, signal), drawParties(), reading(open, () => drawPublic(open, signal), signal)]);
}

function companyForm(known) {
  if (!mayOwn()) return h('p', null, [known.name, known.address].filter(Boolean).join(', ') || none);
  return form({
    submit: t('save'),
    fields: [
      { name: 'name', label: t('company.name'), required: true, value: known.name, maxlength: 100 },
      { name: 'address', label: t('company.address'), type: 'area', rows: 3, value: known.address },
      { name: 'vat_id', label: t('company.vat'), value: known.vat_id, maxlength: 40, cls: 'half' }, { name: 'email', label: t('company.email'), value: known.email, maxlength: 100, cls: 'half' },
      { name: 'payment', label: t('company.payment'), value: known.payment, maxlength: 200, hint: t('company.payment.hint') },
      { name: 'prefix', label: t('company.prefix'), value: known.prefix, maxlength: 12, cls: 'half', hint: t('company.prefix.hint') },
      { name: 'note', label: t('company.note'), value: known.note, maxlength: 400 },
    ],
    send: ({ address, ...values }) => replace('/company', { ...values, address: address ?? '' }, { match: known }),
    fresh: async () => ({ values: known = await get('/company') }),
    done: (kept) => { known = kept; announce(t('saved')); },
  });
}

async function drawPublic(place, signal) {
  const known = await get('/public', {}, { signal });
  const isOn = known.status;
  const flip = () => replace('/public', { status: !isOn }, { match: known }).then(() => drawPublic(place, signal));
  fill(place, h('div.section-head', null, h('h2', null, t('public.title')), mayOwn() && h('div.buttons', null,
    doButton(t(isOn ? 'public.off' : 'public.on'), flip))),
  h('p.mute', null, t('public.text')), isOn && h('p', null, h('a', { href: '/status', target: '_blank', rel: 'noopener' }, `${location.origin}/status`)));
}

async function drawCheckup(place, signal) {
  const { checkupSection } = await import('./checkup.js');
  fill(place, checkupSection(signal));
}

async function drawAPI(place, signal) {
  const { drawDocument } = await import('./api-docs.js');
  await drawDocument(place, signal);
}

async function drawCertificates(place, signal) {
  const authority = authoritySections(signal);
  fill(place, authority.elements);
  await authority.begin();
}

async function drawHouse(place, signal) {
  const tiles = h('section', null, h('h2', null, t('tiles.title')));
  fill(place, h('section', null, h('h2', null, t('settings.addresses')), h('p.mute', null, t('settings.addresses.text')),
    stationURLs('').map((url) => copyBox(t('connect.url'), url)), versionsBoxes()), tiles,
  h('section', null, h('h2', null, t('settings.about')), h('dl.facts', null, fact('Ostler', me.version || none),
    fact(t('settings.api'), h('a', { href: '/api/v1/openapi.json' }, t('settings.api.document'))), fact(t('settings.clock'), timeMark(me.now)),
    fact(t('settings.locale'), `${language} · ${locale}`))));
  await reading(tiles, () => drawTiles(tiles, signal), signal);
}

/// Whose map tiles the map shows, if any: the one thing of this page that may ask another host.
async function drawTiles(place, signal) {
  let known = await get('/map-tiles', {}, { signal });
  const kept = (now) => { known = now; announce(t('saved')); return drawTiles(place, signal); };
  const server = known.url && new URL(known.url.replace(/\{[zxy]\}/g, '0')).host;
  fill(place, h('div.section-head', null, h('h2', null, t('tiles.title')), known.url && mayOwn() && h('div.buttons', null,
    doButton(t('tiles.off'), () => replace('/map-tiles', { url: null }, { match: known }).then(kept)))),
  h('p.mute', null, t('tiles.text')), h('p', null, known.url ? t('tiles.on', { host: server }) : t('tiles.none')),
  mayOwn() && form({
    submit: t('save'),
    fields: [
      { name: 'url', label: t('tiles.url'), required: true, value: known.url, maxlength: 500, mono: true, placeholder: 'https://tiles.example/{z}/{x}/{y}.png', hint: t('tiles.url.hint', { z: '{z}', x: '{x}', y: '{y}' }) },
      { name: 'attribution', label: t('tiles.attribution'), required: true, value: known.attribution, maxlength: 200, cls: 'half', hint: t('tiles.attribution.hint') },
      { name: 'max_zoom', label: t('tiles.zoom'), type: 'number', min: 1, max: 22, required: true, value: known.max_zoom ?? 19, cls: 'half' },
    ],
    send: (values) => replace('/map-tiles', values, { match: known }),
    fresh: async () => ({ values: known = await get('/map-tiles') }),
    done: kept,
  }));
}

function themeChoice() {
  let chosen = '';
  try { chosen = localStorage.getItem('ostler.theme') ?? ''; } catch { /* The system decides. */ }
  const choose = (theme) => {
    if (theme) document.documentElement.dataset.theme = theme; else delete document.documentElement.dataset.theme;
    try {
      if (theme) localStorage.setItem('ostler.theme', theme); else localStorage.removeItem('ostler.theme');
    } catch { /* It lasts until the page is left. */ }
    announce(t(`settings.theme.${theme || 'system'}`));
  };
  return chips('theme', t('settings.theme'), ['', 'light', 'dark'].map((value) => ({ value, label: t(`settings.theme.${value || 'system'}`) })), chosen, choose);
}

/// Each language by its own name: whoever looks for it may read no other.
function languageChoice() {
  const names = languages.map((value) => {
    const name = new Intl.DisplayNames([value], { type: 'language' }).of(value);
    return { value, label: name.charAt(0).toLocaleUpperCase(value) + name.slice(1) };
  });
  return chips('language', t('settings.language'), names, language, (value) => {
    chooseLanguage(value);
    window.location.reload();
  });
}

function chips(name, title, options, chosen, choose) {
  return h('fieldset.chips', null, h('legend.out-of-sight', null, title), options.map(({ value, label }) => h('label.chip', null,
    h('input', { type: 'radio', name, value, checked: chosen === value, on: { change: () => choose(value) } }), h('span', { lang: name === 'language' ? value : null }, label))));
}

function partyForm(party, done) {
  if (!mayOwn()) return h('p', null, `${party.role} ${party.country_code}*${party.party_id} · ${party.business_name}`);
  return h('fieldset', null, h('legend', null, word('party_role', party.role)), form({
    submit: t('save'),
    fields: [
      {
        name: 'country_code', label: t('settings.country'), required: true, value: party.country_code,
        pattern: '[A-Za-z]{2}', maxlength: 2, cls: 'half',
      },
      {
        name: 'party_id', label: t('settings.party_id'), required: true, value: party.party_id,
        pattern: '[A-Za-z0-9]{3}', maxlength: 3, cls: 'half', hint: t('settings.party_id.hint'),
      },
      {
        name: 'business_name', label: t('settings.business'), required: true, value: party.business_name,
        maxlength: 100, cls: 'half',
      },
      { name: 'website', label: t('settings.website'), value: party.website, cls: 'half' },
    ],
    send: (values) => patch(path`/parties/${party.id}`, changes(values, party), { match: party }),
    fresh: async () => ({ values: party = await get(path`/parties/${party.id}`) }),
    done: () => { announce(t('saved')); done(); },
  }));
}

/// Another operator of stations or provider of drivers that is ours.
function addParty(done) {
  formDialog({
    title: t('settings.parties.add'), intro: t('settings.parties.add.text'), submit: t('settings.parties.add'), done,
    fields: [
      { name: 'role', type: 'select', label: t('partners.role'), required: true, options: ['CPO', 'EMSP'].map((value) => ({ value, label: word('party_role', value) })) },
      { name: 'country_code', label: t('settings.country'), required: true, pattern: '[A-Za-z]{2}', maxlength: 2, cls: 'half' },
      { name: 'party_id', label: t('settings.party_id'), required: true, pattern: '[A-Za-z0-9]{3}', maxlength: 3, cls: 'half', hint: t('settings.party_id.hint') },
      { name: 'business_name', label: t('settings.business'), required: true, maxlength: 100 },
    ],
    send: (values) => post('/parties', values),
  });
}

// Keys of programs

function keysSection(signal) {
  const table = keysTable();
  const trouble = h('div');
  const draw = () => reading(trouble, async () => table.show((await get('/apikeys', {}, { signal })).items), signal);
  table.changed = draw;
  onNews(({ events }) => { if (events?.some((e) => e.kind === 'key.changed')) draw(); }, signal);
  return {
    element: h('section', null, h('div.section-head', null, h('h2', null, t('settings.keys')), h('div.buttons', null,
      h('button', { type: 'button', on: { click: () => addKey(draw) } }, t('settings.keys.add')))), h('p.mute', null, t('settings.keys.text')), table.element, trouble),
    begin: draw,
  };
}

function keysTable() {
  const table = new LiveTable({
    caption: t('settings.keys'), key: (k) => k.id, name: (k) => k.name,
    actions: (k) => [{
      label: t('settings.keys.revoke'), key: 'x', danger: true, run: () => revoke(k, () => table.changed()),
    }],
    empty: () => h('p.mute', null, t('settings.keys.none')),
    columns: [
      { id: 'name', label: t('field.name'), head: true, sort: (k) => k.name, cell: (k) => k.name },
      { id: 'role', label: t('settings.role'), cell: (k) => t(`role.${k.role}`) }, { id: 'sites', label: t('people.sites'), cell: (k) => sitesText(k.sites) },
      { id: 'created', label: t('settings.keys.created'), cell: (k) => timeMark(k.created_at) },
      {
        id: 'used', label: t('settings.keys.used'), calm: true,
        cell: (k) => (k.used_at ? ago(k.used_at) : t('settings.keys.unused')),
      },
    ],
  });
  return table;
}

async function addKey(done) {
  await siteNames();
  formDialog({
    title: t('settings.keys.add'), submit: t('settings.keys.add.submit'),
    fields: [
      { name: 'name', label: t('field.name'), required: true, maxlength: 64, hint: t('settings.keys.name.hint') },
      { name: 'role', label: t('settings.role'), type: 'select', required: true, value: 'viewer', options: roleOptions() },
      reachField(null), ...ownPassword(),
    ],
    send: (values, element) => post('/apikeys', { ...values, ...reachOf(element) }),
    done: (key) => secretDialog({
      title: t('settings.keys.new', { name: key.name }), text: t('settings.keys.new.text'),
      secrets: [{ label: t('settings.keys.key'), value: key.key }], done,
    }),
  });
}

function revoke(key, done) {
  confirmDialog({
    title: t(
      'settings.keys.revoke.title', { name: key.name }
    ), text: t('settings.keys.revoke.text'), submit: t('settings.keys.revoke'), type: key.name,
    send: () => remove(path`/apikeys/${key.id}`), done,
  });
}
