// Roaming partners: how each is, what waits for it, and how a new one comes in: invited by us or registered with its own URL.

import { mayOwn, me, post } from '../api.js';
import { partners } from '../books.js';
import { copyBox, dialog, form, formDialog, secretDialog } from '../dialog.js';
import { h, path } from '../dom.js';
import { ago, none, number } from '../format.js';
import { given } from '../forms.js';
import { t } from '../i18n.js';
import { csvButton } from '../lists.js';
import { go } from '../keys.js';
import { onNews } from '../live.js';
import { LiveTable } from '../table.js';
import { mark } from '../states.js';
import { stateOfPartner } from '../states-rest.js';
import { partnerActions } from '../partner-actions.js';
import { stepLine } from './partner.js';

export async function show({ root, signal, head }) {
  const buttons = () => mayOwn() && [
    h('button', { type: 'button', on: { click: inviteDialog } }, t('partners.invite')),
    h('button', { type: 'button', on: { click: registerDialog } }, t('partners.register')),
  ];
  head({
    title: t('nav.partners'), sub: t('partners.sub'),
    buttons: [h('a.button', { href: '/roaming' }, t('roaming.title')), csvButton('/partners'), buttons() || null],
  });
  const table = new LiveTable({
    caption: t('nav.partners'), key: (p) => p.id, href: (p) => path`/partners/${p.id}`, name: (p) => p.name, sort: { by: 'name' },
    actions: partnerActions,
    empty: () => h(
      'div', null, h('h2', null, t('partners.none')), h('p', null, t('partners.none.text')),
      h('div.buttons', null, buttons() || null), versionsBoxes()
    ),
    columns: [
      {
        id: 'name', label: t('col.partner'), head: true, sort: (p) => p.name,
        cell: (p) => h('a', { href: path`/partners/${p.id}` }, p.name),
      },
      {
        id: 'state', label: t('col.state'), sort: (p) => stateOfPartner(p),
        cell: (p) => mark('partner', stateOfPartner(p)),
      },
      {
        id: 'roles', label: t('partners.roles'),
        cell: (p) => p.roles.map((r) => `${r.role} ${r.country_code}*${r.party_id}`).join(', ') || none,
      },
      { id: 'version', label: t('partners.version'), cell: (p) => p.version ?? none },
      {
        id: 'contact', label: t('partners.contact'), calm: true, sort: (p) => p.last_contact_at,
        cell: (p) => ago(p.last_contact_at),
      },
      { id: 'due', label: t('partners.due'), num: true, sort: (p) => p.queue.due, cell: (p) => number(p.queue.due) },
      {
        id: 'parked', label: t('partners.parked'), num: true, sort: (p) => p.queue.parked,
        cell: (p) => number(p.queue.parked),
      },
      { id: 'oldest', label: t('partners.oldest'), calm: true, cell: (p) => ago(p.queue.oldest_at) },
      { id: 'next', label: t('col.next'), calm: true, cell: (p) => ago(p.queue.next_at) },
      { id: 'error', label: t('col.error'), wide: true, cut: true, cell: (p) => p.queue.last_error ?? none },
    ],
  });
  root.append(table.element);
  partners.listen(() => table.show(partners.list()), signal);
  await partners.ready();
  table.show(partners.list());
}

/// Our OCPI versions addresses, to give to a partner.
export function versionsBoxes() {
  const urls = me?.partner_urls?.length ? me.partner_urls : [`${location.origin}/ocpi/versions`];
  return urls.map((url) => copyBox(t('partners.versions'), url));
}

const privateField = () => ({
  name: 'allow_private', label: t('partners.private'), type: 'check', value: false, hint: t('partners.private.hint'),
});

function inviteDialog() {
  formDialog({
    title: t('partners.invite'), intro: t('partners.invite.text'), submit: t('partners.invite.submit'),
    fields: [{ name: 'name', label: t('field.name'), required: true, maxlength: 100 }, privateField()],
    send: ({ name, allow_private: near }) => post('/partners', {
      name, ...(near ? { quirks: { allow_private: true } } : {})
    }),
    done: (invitation) => {
      partners.put(invitation.partner);
      secretDialog({
        title: t('partners.invited', { name: invitation.partner.name }), text: t('partners.invited.text'),
        secrets: [{ label: t('partners.versions'), value: invitation.versions_url }, {
          label: t('partners.token'), value: invitation.token,
        },
          {
            label: t('partners.mail'),
            value: t('partners.mail.text', { url: invitation.versions_url, token: invitation.token }),
          }],
        done: () => go(path`/partners/${invitation.partner.id}`),
      });
    },
  });
}

/// Registers while the steps are shown as they happen; what failed can be mended and tried again without starting over.
function registerDialog() {
  const steps = h('ol.trace', { 'aria-label': t('partners.trace') });
  let running = null, partner = null;
  const ended = new AbortController();
  onNews(({ events }) => {
    for (const event of events ?? []) {
      if (!running || event.kind !== 'partner.step' || event.at < running) continue;
      partner ??= Number(event.subject.split('/')[1]);
      steps.append(h('li', null, stepLine(event.body)));
    }
  }, ended.signal);
  dialog(t('partners.register'), (close) => form({
    intro: t('partners.register.text'), submit: t('partners.register.submit'), cancel: close,
    fields: [
      {
        name: 'versions_url', label: t('partners.their_versions'), type: 'url', required: true, placeholder: 'https://',
        hint: t('partners.their_versions.hint'),
      },
      {
        name: 'token', label: t('partners.their_token'), required: true, mono: true,
        hint: t('partners.their_token.hint'),
      },
      { name: 'name', label: t('field.name'), maxlength: 100, hint: t('partners.name.hint') },
      privateField(),
    ],
    after: steps,
    async send({ allow_private: near, ...values }) {
      steps.replaceChildren();
      running = new Date(Date.now() - 60_000).toISOString();
      if (partner) return post(
        path`/partners/${partner}/register`, given({ versions_url: values.versions_url, token: values.token }),
        { seconds: 120 }
      );
      return post(
        '/partners/register', given({ ...values, quirks: near ? { allow_private: true } : null }), { seconds: 120 }
      );
    },
    done: (registered) => {
      close();
      partners.put(registered);
      go(path`/partners/${registered.id}`);
    },
  }), { cls: 'wide', onClose: () => { ended.abort(); partners.soon(0); } });
}

