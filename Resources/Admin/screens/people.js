// Who may use the page, what each may do and at which sites; and the book of who did what.

import { all, me, patch, post, remove } from '../api.js';
import { formDialog, secretDialog } from '../dialog.js';
import { h, path } from '../dom.js';
import { editDialog } from '../editing.js';
import { ago, none, timeMark } from '../format.js';
import { filterBar, given } from '../forms.js';
import { who } from '../events.js';
import { t } from '../i18n.js';
import { listSection, sure, orderOf } from '../lists.js';
import { mark } from '../states.js';

const ranks = ['viewer', 'support', 'operator', 'administrator', 'owner'];

/// The roles that whoever asks may give.
export function roleOptions() {
  return ranks.slice(0, ranks.indexOf(me.role) + 1).map((role) => ({ value: role, label: `${t(`role.${role}`)}: ${t(`role.${role}.text`)}` }));
}

/// Names of the sites by their ids, for what is limited to some.
let sites = [];
export async function siteNames() { sites = await all('/locations'); }

export function sitesText(ids) {
  return ids ? ids.map((id) => sites.find((site) => site.id === id)?.name ?? `#${id}`).join(', ') || t('people.sites.none') : t('people.sites.all');
}

/// Who sits at a browser that was left open shows who they are before they give away what outlasts the login.
export function ownPassword(hint) {
  return me.via === 'session' ? [{
    name: 'password', label: t('people.own_password'), type: 'password', required: !hint, optional: hint, autocomplete: 'current-password',
  }] : [];
}

/// The whole house, or the sites that are marked; one that has no name here any more keeps its mark.
export function reachField(ids) {
  const nameless = (ids ?? []).filter((id) => !sites.some((site) => site.id === id)).map((id) => ({ id, name: `#${id}` }));
  return h('fieldset', { data: { reach: '' } }, h('legend', null, t('people.sites')),
    box({ data: { all: '' }, checked: !ids }, t('people.sites.all')), h('p.mute', null, t('people.sites.text')),
    [...sites, ...nameless].map((site) => box({ data: { site: site.id }, checked: Boolean(ids?.includes(site.id)) }, site.name)));
}

const box = (given, label) => h('div.field.check', null, h('label', null, h('input', { type: 'checkbox', ...given }), h('span', null, label)));

/// What of it the API takes.
export function reachOf(form) {
  const place = form.querySelector('[data-reach]');
  if (place.querySelector('[data-all]').checked) return { all_sites: true };
  return { sites: [...place.querySelectorAll('[data-site]:checked')].map((input) => Number(input.dataset.site)) };
}

export function peopleSection(signal) {
  const again = () => list.begin();
  const list = listSection({
    title: t('people.title'), text: t('people.text'), url: '/users', signal, csv: true, key: (u) => u.id, name: (u) => u.name,
    news: (e) => e.kind.startsWith('user.'),
    buttons: h('button', { type: 'button', on: { click: () => add(again) } }, t('people.add')),
    actions: (u) => (ranks.indexOf(u.role) > ranks.indexOf(me.role) ? [] : [
      { label: t('people.role'), key: 'r', run: () => changeRole(u, again) },
      { label: t('people.password'), key: 'p', run: () => freshPassword(u, again) },
      ...(u.second_factor ? [{ label: t('people.factor'), key: 'f', run: () => sure(t('people.factor'), t('people.factor.text', { name: u.name }), t('people.factor'), () => remove(path`/users/${u.id}/second-factor`), again) }] : []),
      { label: t('people.logins.end'), key: 'e', run: () => sure(t('people.logins.end'), t('people.logins.text', { name: u.name }), t('people.logins.end'), () => remove(path`/users/${u.id}/logins`), again) },
      { label: t(u.disabled ? 'people.enable' : 'people.disable'), key: 'd', danger: !u.disabled, run: () => sure(t(u.disabled ? 'people.enable' : 'people.disable'), t(u.disabled ? 'people.enable.text' : 'people.disable.text', { name: u.name }), t(u.disabled ? 'people.enable' : 'people.disable'), () => patch(path`/users/${u.id}`, { disabled: !u.disabled }), again) },
      { label: t('people.remove'), key: 'x', danger: true, run: () => sure(t('people.remove'), t('people.remove.text', { name: u.name }), t('people.remove'), () => remove(path`/users/${u.id}`), again, u.name) },
    ]),
    columns: [
      { id: 'name', label: t('field.name'), head: true, sort: (u) => u.name, cell: (u) => u.name },
      { id: 'role', label: t('settings.role'), sort: (u) => ranks.indexOf(u.role), cell: (u) => t(`role.${u.role}`) },
      { id: 'sites', label: t('people.sites'), cell: (u) => sitesText(u.sites) },
      { id: 'state', label: t('col.state'), cell: (u) => mark('yes', u.disabled ? 'blocked' : 'valid', t(u.disabled ? 'people.out' : 'people.in')) },
      { id: 'factor', label: t('factor.title'), cell: (u) => t(u.second_factor ? 'yes' : 'no') },
      { id: 'logins', label: t('account.logins'), num: true, cell: (u) => String(u.logins) },
      { id: 'since', label: t('col.since'), cell: (u) => timeMark(u.created_at) },
    ],
  });
  return list;
}

async function add(done) {
  await siteNames();
  formDialog({
    title: t('people.add'), submit: t('people.add'), intro: t('people.add.text'),
    fields: [
      { name: 'name', label: t('field.name'), required: true, maxlength: 64 },
      { name: 'role', label: t('settings.role'), type: 'select', required: true, value: 'viewer', options: roleOptions() },
      reachField(null), ...ownPassword(t('people.own_password.for')),
    ],
    send: (values, element) => post('/users', given({ ...values, ...reachOf(element) })),
    done: (user) => secretDialog({ title: t('people.password.of', { name: user.name }), text: t('people.password.text'), secrets: [{ label: t('login.password'), value: user.password }], done }),
  });
}

async function changeRole(user, done) {
  await siteNames();
  return editDialog(path`/users/${user.id}`, (now) => ({
    title: t('people.role.of', { name: user.name }), submit: t('save'), done,
    fields: [{ name: 'role', label: t('settings.role'), type: 'select', required: true, value: now.role, options: roleOptions() }, reachField(now.sites), ...ownPassword(t('people.own_password.for'))],
    send: (values, match, element) => patch(path`/users/${user.id}`, given({ ...values, ...reachOf(element) }), { match }),
  }));
}

function freshPassword(user, done) {
  formDialog({
    title: t('people.password'), submit: t('people.password'), intro: t('people.password.fresh', { name: user.name }), fields: ownPassword(),
    send: (values) => post(path`/users/${user.id}/password`, values),
    done: ({ password }) => secretDialog({ title: t('people.password.of', { name: user.name }), text: t('people.password.text'), secrets: [{ label: t('login.password'), value: password }], done }),
  });
}

export function auditSection(signal) {
  const bar = filterBar([
    { name: 'who', type: 'text', label: t('audit.who'), placeholder: 'operator:anna', size: 18 }, { name: 'operation', type: 'text', label: t('audit.operation'), size: 20 },
  ], () => list.begin());
  const list = listSection({
    title: t('audit.title'), text: t('audit.text'), empty: t('audit.none'), url: '/audit', values: () => bar.values(), bar, signal, csv: true, order: orderOf(null, () => list.begin()),
    news: (e) => Boolean(e.body?.by), key: (a) => a.id, name: (a) => a.operation,
    columns: [
      { id: 'at', by: 'at', label: t('col.time'), head: true, cell: (a) => timeMark(a.at) }, { id: 'who', by: 'who', label: t('audit.who'), cell: (a) => who(a.who) },
      { id: 'operation', by: 'operation', label: t('audit.operation'), cell: (a) => h('code', null, a.operation) },
      { id: 'path', by: 'path', label: t('audit.path'), wide: true, cut: true, cell: (a) => h('code', null, a.path) },
      { id: 'status', by: 'status', label: t('audit.status'), num: true, cell: (a) => h('span', { class: a.status < 400 ? '' : 'bad-text' }, String(a.status)) },
      { id: 'address', by: 'address', label: t('account.address'), cell: (a) => h('span.mono', null, a.address || none) }, { id: 'ago', label: t('col.ago'), calm: true, cell: (a) => ago(a.at) },
    ],
  });
  return list;
}

