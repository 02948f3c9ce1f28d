// One's own account: password, authenticator, the browsers in which one is logged in.

import { get, me, post, remove } from '../api.js';
import { copyBox, dialog, form, formDialog, reading, secretDialog } from '../dialog.js';
import { announce, fill, h, path, shape } from '../dom.js';
import { ago, timeMark } from '../format.js';
import { t } from '../i18n.js';
import { listSection } from '../lists.js';

/// Sections of the settings for whoever logged in; keys and the socket have nothing of this.
export function accountSections(signal) {
  if (me.via !== 'session') return { elements: [], begin: async () => {} };
  const factor = h('section', null, h('h2', null, t('factor.title')));
  const logins = listSection({
    title: t('account.logins'), text: t('account.logins.text'), url: '/me/logins', signal, key: (one) => one.id, name: (one) => one.address,
    news: (e) => e.kind === 'user.login' || e.kind === 'user.changed',
    actions: (one) => (one.current ? [] : [{ label: t('account.logins.end'), key: 'x', danger: true, run: () => remove(path`/me/logins/${one.id}`).then(() => logins.begin()) }]),
    columns: [
      { id: 'address', label: t('account.address'), head: true, cell: (one) => h('span', null, h('span.mono', null, one.address), ' ', one.current ? h('span.tag', null, t('account.logins.this')) : '') },
      { id: 'since', label: t('account.since'), cell: (one) => timeMark(one.created_at) }, { id: 'used', label: t('settings.keys.used'), calm: true, cell: (one) => ago(one.used_at) },
    ],
  });
  const drawFactor = () => reading(factor, async () => {
    const state = await get('/me/second-factor', {}, { signal });
    fill(factor, h('div.section-head', null, h('h2', null, t('factor.title')), h('div.buttons', null, state.on
      ? h('button', { type: 'button', on: { click: () => takeAway(drawFactor) } }, t('factor.remove'))
      : h('button.primary', { type: 'button', on: { click: () => begin(drawFactor) } }, t('factor.begin')))),
    h('p.mute', null, state.on ? t('factor.on', { n: state.recovery_codes }) : t('factor.off')));
  }, signal);
  return { elements: [passwordSection(), factor, logins.element], begin: () => Promise.all([drawFactor(), logins.begin()]) };
}

function passwordSection() {
  const change = () => formDialog({
    title: t('account.password'), submit: t('account.password.submit'), intro: t('account.password.text'),
    fields: [
      { name: 'old', label: t('account.password.old'), type: 'password', required: true, autocomplete: 'current-password' },
      { name: 'new', label: t('account.password.new'), type: 'password', required: true, minlength: 10, autocomplete: 'new-password', hint: t('setup.password.hint') },
    ],
    send: (values) => post('/me/password', values), done: () => announce(t('saved')),
  });
  return h('section', null, h('div.section-head', null, h('h2', null, t('account.password')), h('div.buttons', null,
    h('button', { type: 'button', on: { click: change } }, t('account.password.change')))));
}

async function begin(done) {
  const made = await post('/me/second-factor', {});
  dialog(t('factor.begin'), (close) => [
    h('p', null, t('factor.scan')), picture(made), h('details', null, h('summary', null, t('factor.type')), copyBox(t('factor.secret'), made.secret)),
    form({
      submit: t('factor.confirm'), fields: [{ name: 'code', label: t('factor.code'), required: true, mono: true, pattern: '[0-9 ]{6,7}', autocomplete: 'one-time-code', first: true }],
      send: (values) => post('/me/second-factor/confirm', values),
      done: ({ recovery_codes: codes }) => {
        close();
        secretDialog({ title: t('factor.codes'), text: t('factor.codes.text'), secrets: [{ label: t('factor.codes'), value: codes.join('\n') }], done });
      },
    }),
  ]);
}

/// A QR code as a drawing: black on white by day and night, as cameras want it.
export function picture({ size, path: d }, label = t('factor.qr')) {
  if (!size) return null;
  const side = size + 8;
  const svg = shape('svg', { viewBox: `-4 -4 ${side} ${side}`, class: 'qr', role: 'img', 'aria-label': label });
  svg.append(shape('rect', { x: -4, y: -4, width: side, height: side, class: 'qr-ground' }), shape('path', { d, class: 'qr-ink' }));
  return svg;
}

function takeAway(done) {
  formDialog({
    title: t('factor.remove'), submit: t('factor.remove'), danger: true, intro: t('factor.remove.text'),
    fields: [{ name: 'password', label: t('login.password'), type: 'password', required: true, autocomplete: 'current-password' }],
    send: (values) => post('/me/second-factor/remove', values), done,
  });
}
