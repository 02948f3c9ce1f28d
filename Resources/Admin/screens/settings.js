// Settings: who asks, how the page looks, keys for programs, addresses, who we are towards partners, and what runs here.

import { get, mayOwn, me, patch, post, remove } from '../api.js';
import { stationURLs } from '../actions.js';
import { confirmDialog, copyBox, form, formDialog, secretDialog } from '../dialog.js';
import { announce, fill, h, path } from '../dom.js';
import { ago, none, timeMark } from '../format.js';
import { changes } from '../forms.js';
import { language, locale, t, word } from '../i18n.js';
import { showSheet } from '../keys.js';
import { onNews } from '../live.js';
import { logOut } from '../shell.js';
import { LiveTable } from '../table.js';
import { versionsBoxes } from './partners.js';

export async function show({ root, signal, head }) {
  head({ title: t('nav.settings'), sub: t('settings.sub') });
  const parties = h('div');
  const fact = (label, value) => [h('dt', null, label), h('dd', null, value)];
  root.append(
    h('section', null, h('h2', null, t('settings.me')), h('dl.facts', null, fact(t('settings.user'), me.user), fact(
      t('settings.role'), `${t(`role.${me.role}`)}: ${t(`role.${me.role}.text`)}`
    ),
      fact(t('settings.via'), t(`settings.via.${me.via}`)), fact(t('settings.language'), `${language} · ${locale}`)),
    h(
      'div.buttons', null,
      me.via === 'session' && h('button', { type: 'button', on: { click: logOut } }, t('shell.logout')),
      h('button', { type: 'button', on: { click: showSheet } }, t('keys.title'))
    )),
    h('section', null, h('h2', null, t('settings.theme')), themeChoice()),
    h('section', null, h('h2', null, t('settings.addresses')), h('p.mute', null, t('settings.addresses.text')),
      stationURLs('').map((url) => copyBox(t('connect.url'), url)), versionsBoxes(), h(
        'p.mute', null, t(`connect.knock.${me.strangers_may_knock}`)
      )),
    h('section', null, h('h2', null, t('settings.parties')), parties));
  const drawParties = async () => {
    const page = await get('/parties', {}, { signal });
    fill(parties, page.items.map((party) => partyForm(party, drawParties)));
  };
  const work = [drawParties()];
  if (mayOwn()) {
    const keys = keysTable();
    root.append(h('section', null, h(
      'h2', null, t('settings.keys')
    ), h('p.mute', null, t('settings.keys.text')), keys.element,
      h('p', null, h('button', { type: 'button', on: { click: () => addKey(draw) } }, t('settings.keys.add')))));
    const draw = async () => keys.show((await get('/apikeys', {}, { signal })).items);
    keys.changed = draw;
    onNews(({ events }) => { if (events?.some((e) => e.kind === 'key.changed')) draw().catch(() => {}); }, signal);
    work.push(draw());
  }
  root.append(h('section', null, h(
    'h2', null, t('settings.about')
  ), h('dl.facts', null, fact('Ostler', me.version || none),
    fact(t('settings.api'), h('a', { href: '/api/v1/openapi.json' }, t('settings.api.document'))), fact(
      t('settings.clock'), timeMark(me.now)
    ))));
  await Promise.all(work);
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
  return h('fieldset.chips', null, h(
    'legend.out-of-sight', null, t('settings.theme')
  ), ['', 'light', 'dark'].map((theme) => h('label.chip', null,
    h('input', {
      type: 'radio', name: 'theme', value: theme, checked: chosen === theme, on: { change: () => choose(theme) },
    }), t(`settings.theme.${theme || 'system'}`))));
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
    send: (values) => patch(path`/parties/${party.id}`, changes(values, party)),
    done: () => { announce(t('saved')); done(); },
  }));
}

function keysTable() {
  const table = new LiveTable({
    caption: t('settings.keys'), key: (k) => k.id, name: (k) => k.name,
    actions: (k) => [{
      label: t('settings.keys.revoke'), key: 'x', danger: true, run: () => revoke(k, () => table.changed()),
    }],
    empty: () => h('p', null, t('settings.keys.none')),
    columns: [
      { id: 'name', label: t('field.name'), head: true, sort: (k) => k.name, cell: (k) => k.name },
      { id: 'role', label: t('settings.role'), cell: (k) => t(`role.${k.role}`) },
      { id: 'created', label: t('settings.keys.created'), cell: (k) => timeMark(k.created_at) },
      {
        id: 'used', label: t('settings.keys.used'), calm: true,
        cell: (k) => (k.used_at ? ago(k.used_at) : t('settings.keys.unused')),
      },
    ],
  });
  return table;
}

function addKey(done) {
  formDialog({
    title: t('settings.keys.add'), submit: t('settings.keys.add.submit'),
    fields: [
      { name: 'name', label: t('field.name'), required: true, maxlength: 64, hint: t('settings.keys.name.hint') },
      {
        name: 'role', label: t('settings.role'), type: 'select', required: true, value: 'viewer',
        options: ['viewer', 'operator', 'owner'].map((role) => ({
          value: role, label: `${t(`role.${role}`)}: ${t(`role.${role}.text`)}`,
        })),
      },
    ],
    send: (values) => post('/apikeys', values),
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
    ), text: t('settings.keys.revoke.text'), submit: t('settings.keys.revoke'),
    send: () => remove(path`/apikeys/${key.id}`), done,
  });
}
