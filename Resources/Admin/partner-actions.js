// What can be done with a roaming partner, for its row and its page alike.

import { get, mayOwn, mayRunAll, patch, post, remove } from './api.js';
import { partners } from './books.js';
import { confirmDialog, dialog, form, formDialog } from './dialog.js';
import { announce, fill, h, path } from './dom.js';
import { editDialog } from './editing.js';
import { given } from './forms.js';
import { t } from './i18n.js';
import { go } from './keys.js';

export function partnerActions(partner) {
  const act = (verb, said) => async () => {
    partners.put(await post(path`/partners/${partner.id}/${verb}`, {}));
    announce(t(said, { name: partner.name }));
  };
  const actions = [];
  if (mayRunAll()) {
    actions.push({
      label: t('partners.redeliver'), key: 'd', run: act('redeliver', 'partners.redelivered'),
      disabled: partner.queue.due + partner.queue.parked === 0, why: t('partners.redeliver.none'),
    });
    if (partner.state === 'registered') actions.push({
      label: t('partners.pause'), key: 'p', run: act('pause', 'partners.paused'),
    });
    if (partner.state === 'paused') actions.push({
      label: t('partners.resume'), key: 'p', run: act('resume', 'partners.resumed'),
    });
  }
  actions.push({
    label: t('action.messages'), key: 'm',
    run: () => go(`/messages?door=ocpi&peer=${encodeURIComponent(partner.name)}`),
  });
  if (mayOwn()) {
    actions.push({
      label: partner.state === 'registered' ? t('partners.rotate') : t('partners.again'), key: 'r',
      run: () => againDialog(partner),
    });
    actions.push({ label: t('partners.probe'), key: 'v', run: () => probeDialog(partner) });
    actions.push({ label: t('partners.change'), key: 'e', run: () => changeDialog(partner) });
    if (['registered', 'paused'].includes(partner.state)) {
      actions.push({
        label: t('partners.unregister'), danger: true,
        run: () => ending(
          partner, 'unregister', () => post(path`/partners/${partner.id}/unregister`, {}, { seconds: 60 }),
          (p) => partners.put(p)
        ),
      });
    }
    actions.push({
      label: t('partners.remove'), key: 'x', danger: true, run: () => ending(partner, 'remove', () => remove(
        path`/partners/${partner.id}`
      ), () => {
        partners.drop(partner.id);
        go('/partners');
      }),
    });
  }
  return actions;
}

function againDialog(partner) {
  formDialog({
    title: t(
      'partners.again.title', { name: partner.name }
    ), intro: t('partners.again.text'), submit: t('partners.again.submit'),
    fields: [
      { name: 'versions_url', label: t('partners.their_versions'), type: 'url', value: partner.versions_url },
      { name: 'token', label: t('partners.their_token'), mono: true, hint: t('partners.again.token.hint') },
    ],
    send: (values) => post(
      path`/partners/${partner.id}/register`, given(values), { seconds: 120 }
    ), done: (p) => partners.put(p),
  });
}

/// Tries what a registration begins with, and shows each step; nothing changes at the partner.
function probeDialog(partner) {
  const steps = h('ol.trace', { 'aria-label': t('partners.trace'), 'aria-live': 'polite' });
  dialog(t('partners.probe.title', { name: partner.name }), (close) => form({
    intro: t('partners.probe.text'), submit: t('partners.probe.submit'), cancel: close, after: steps,
    fields: [
      { name: 'versions_url', label: t('partners.their_versions'), type: 'url', value: partner.versions_url, hint: t('partners.their_versions.hint') },
      { name: 'token', label: t('partners.their_token'), mono: true, hint: t('partners.probe.token.hint') },
    ],
    async send(values) {
      steps.replaceChildren();
      const { stepLine } = await import('./screens/partner.js');
      const last = (await get(path`/partners/${partner.id}/trace`)).items.at(-1)?.seq ?? 0;
      const { items } = await post(path`/partners/${partner.id}/probe`, given(values), { seconds: 120 });
      fill(steps, items.filter((step) => step.seq > last).map((step) => h('li', null, stepLine(step))));
    },
  }), { cls: 'wide' });
}

function changeDialog({ id }) {
  return editDialog(path`/partners/${id}`, (partner) => changeForm(partner));
}

/// A switch that may be left to the house, as a field reads it.
function told(value) { return { true: 'yes', false: 'no' }[value] ?? null; }

function changeForm(partner) {
  const q = partner.quirks ?? {};
  return {
    title: t('partners.change.title', { name: partner.name }), submit: t('save'),
    fields: [
      { name: 'name', label: t('field.name'), required: true, value: partner.name, maxlength: 100 },
      {
        name: 'token_form', label: t('partners.token_form'), type: 'select', value: q.token_form ?? '', hint: t('partners.token_form.hint'),
        options: [
          { value: '', label: t('quirk.default') }, { value: 'base64', label: t('partners.token_form.base64') },
          { value: 'raw', label: t('partners.token_form.raw') },
        ],
      },
      {
        name: 'allow_private', label: t('partners.private'), type: 'check', value: q.allow_private,
        hint: t('partners.private.hint'),
      },
      {
        name: 'ask_unknown_tokens', label: t('partners.ask'), type: 'check', value: q.ask_unknown_tokens,
        hint: t('partners.ask.hint'),
      },
      {
        name: 'explicit_nulls', label: t('partners.nulls'), type: 'check', value: q.explicit_nulls,
        hint: t('partners.nulls.hint'),
      },
      {
        name: 'reconciles_invoices', label: t('partners.invoices'), type: 'select', hint: t('partners.invoices.hint'),
        value: told(q.reconciles_invoices) ?? '',
        options: [
          { value: '', label: t('partners.invoices.also') }, { value: 'yes', label: t('partners.invoices.yes') },
          { value: 'no', label: t('partners.invoices.no') },
        ],
      },
      {
        name: 'takes_bookings', label: t('bookings.title'), type: 'select', hint: t('partners.bookings.hint'),
        value: told(q.takes_bookings) ?? '',
        options: [
          { value: '', label: t('partners.invoices.also') }, { value: 'yes', label: t('partners.invoices.yes') },
          { value: 'no', label: t('partners.invoices.no') },
        ],
      },
      {
        name: 'takes_payments', label: t('partners.payments'), type: 'select', hint: t('partners.payments.hint'),
        value: told(q.takes_payments) ?? '',
        options: [{ value: '', label: t('partners.invoices.yes') }, { value: 'no', label: t('partners.invoices.no') }],
      },
    ],
    values: (now) => ({
      token_form: null, ...Object.fromEntries(['allow_private', 'ask_unknown_tokens', 'explicit_nulls'].map((key) => [key, false])),
      ...now.quirks, reconciles_invoices: told(now.quirks?.reconciles_invoices),
      takes_bookings: told(now.quirks?.takes_bookings), takes_payments: told(now.quirks?.takes_payments), name: now.name,
    }),
    send: ({ name, token_form, reconciles_invoices: invoices, takes_bookings: bookings, takes_payments: payments, ...flags }, match) => patch(path`/partners/${partner.id}`, {
      name, quirks: {
        token_form, reconciles_invoices: { yes: true, no: false }[invoices] ?? null,
        takes_bookings: { yes: true, no: false }[bookings] ?? null, takes_payments: { no: false }[payments] ?? null,
        ...Object.fromEntries(Object.entries(flags).map(([key, on]) => [key, on || null])),
      },
    }, { match }),
    done: (p) => partners.put(p),
  };
}

function ending(partner, what, send, done) {
  confirmDialog({
    title: t(`partners.${what}.title`, { name: partner.name }), text: t(`partners.${what}.text`), type: partner.name,
    submit: t(`partners.${what}`), send, done,
  });
}
