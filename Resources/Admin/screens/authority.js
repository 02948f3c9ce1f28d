// The house's own certificate authority and the roots that it trusts, for the settings.

import { get, mayOwn, mayRunAll, post, remove } from '../api.js';
import { copyBox, dialog, formDialog, reading, secretDialog, typedField } from '../dialog.js';
import { fill, h, path } from '../dom.js';
import { day, none } from '../format.js';
import { t, word } from '../i18n.js';
import { facts, listSection, sure } from '../lists.js';

export function authoritySections(signal) {
  const box = h('section', null, h('h2', null, t('ca.title')));
  const draw = () => reading(box, async () => {
    const found = await get('/ca', {}, { signal });
    const one = (purpose) => found[purpose] && facts(
      [t('ca.name'), found[purpose].common_name], [t('fact.serial'), h('span.mono', null, found[purpose].serial)], [t('col.until'), day(found[purpose].expires_at)],
      [t('ca.root'), h('button.link', { type: 'button', on: { click: () => dialog(t('ca.root'), () => copyBox('PEM', found[purpose].root), { cls: 'wide' }) } }, t('ca.show'))]
    );
    fill(box, h('div.section-head', null, h('h2', null, t('ca.title')), mayOwn() && h('div.buttons', null,
      !found.station && h('button.primary', { type: 'button', on: { click: () => create(draw) } }, t('ca.create')),
      h('button', { type: 'button', on: { click: () => importCA(draw) } }, t('ca.import')),
      found.station && [h('button', { type: 'button', on: { click: doorCertificate } }, t('ca.door')),
        h('button', { type: 'button', on: { click: certify } }, t('ca.certify'))])),
    h('p.mute', null, t('ca.text')), found.station ? [h('h3', null, t('ca.station')), one('station')] : h('p', null, t('ca.none')),
    found.v2g && [h('h3', null, t('ca.v2g')), one('v2g')]);
  }, signal);
  const issued = listSection({
    title: t('ca.issued'), level: 'h3', empty: t('ca.issued.none'), url: '/ca/certificates', csv: true, signal, news: (e) => /^certificate\.(issued|revoked)$/.test(e.kind),
    key: (c) => c.serial, name: (c) => c.common_name,
    actions: (c) => (mayRunAll() && !c.revoked_at ? [{ label: t('ca.revoke'), key: 'x', danger: true, run: () => revoke(c) }] : []),
    columns: [
      { id: 'name', label: t('ca.name'), head: true, cell: (c) => h('span.id', null, c.common_name) },
      { id: 'purpose', label: t('certificates.purpose'), cell: (c) => word('purpose_of_certificate', c.purpose) },
      { id: 'serial', label: t('fact.serial'), cell: (c) => h('span.mono', null, c.serial.slice(0, 16)) },
      { id: 'until', label: t('col.until'), cell: (c) => day(c.expires_at) },
      { id: 'state', label: t('col.state'), cell: (c) => (c.revoked_at ? t('certificates.revoked', { why: c.revoked_because ?? '' }) : t('certificates.good')) },
    ],
  });
  const roots = listSection({
    title: t('roots.title'), level: 'h3', text: t('roots.text'), empty: t('roots.none'), url: '/roots', signal, news: (e) => e.kind.startsWith('root.'),
    key: (r) => r.id, name: (r) => r.name,
    buttons: mayOwn() && h('button', { type: 'button', on: { click: () => trust(() => roots.begin()) } }, t('roots.add')),
    actions: (r) => (mayOwn() ? [{ label: t('roots.remove'), key: 'x', danger: true, run: () => sure(t('roots.remove'), t('roots.remove.text', { name: r.name }), t('roots.remove'), () => remove(path`/roots/${r.id}`), () => roots.begin(), r.name) }] : []),
    columns: [
      { id: 'name', label: t('ca.name'), head: true, cell: (r) => r.name }, { id: 'use', label: t('certificates.use'), cell: (r) => word('certificate_use', r.use) },
      { id: 'fingerprint', label: t('roots.fingerprint'), wide: true, cut: true, cell: (r) => h('span.mono', null, r.fingerprint) },
      { id: 'until', label: t('col.until'), cell: (r) => (r.expires_at ? day(r.expires_at) : none) },
    ],
  });
  return { elements: [box, issued.element, roots.element], begin: () => Promise.all([draw(), issued.begin(), roots.begin()]) };
}

function create(done) {
  formDialog({
    title: t('ca.create'), intro: t('ca.create.text'), submit: t('ca.create'),
    fields: [
      { name: 'name', label: t('ca.name'), maxlength: 64 },
      { name: 'key', label: t('ca.key'), type: 'select', required: true, options: ['p256', 'p384', 'p521', 'rsa3072', 'rsa4096'].map((value) => ({ value, label: value.toUpperCase() })) },
    ],
    send: ({ name, key }) => post('/ca', name ? { name, key } : { key }, { seconds: 60 }), done,
  });
}

function importCA(done) {
  formDialog({
    title: t('ca.import'), intro: t('ca.import.text'), submit: t('ca.import'), cls: 'wide',
    fields: [
      { name: 'purpose', label: t('certificates.purpose'), type: 'select', required: true, options: ['station', 'v2g'].map((value) => ({ value, label: t(`ca.${value}`) })) },
      { name: 'chain', label: t('ca.chain'), type: 'area', mono: true, required: true },
      { name: 'key', label: t('ca.private'), type: 'area', mono: true, required: true },
    ],
    send: (values) => post('/ca/import', values), done,
  });
}

function doorCertificate() {
  formDialog({
    title: t('ca.door'), intro: t('ca.door.text'), submit: t('ca.door'),
    fields: [{ name: 'hosts', label: t('ca.hosts'), required: true, mono: true, value: location.hostname, hint: t('ca.hosts.hint') }],
    send: ({ hosts }) => post('/ca/doors', { hosts: hosts.split(/[\s,]+/).filter(Boolean) }),
    done: (made) => secretDialog({ title: t('ca.door'), text: t('ca.door.files'), secrets: [{ label: 'certificate', value: made.certificate_file }, { label: 'key', value: made.key_file }] }),
  });
}

/// Signs a request that somebody carried here from a station that cannot send it.
function certify() {
  formDialog({
    title: t('ca.certify'), intro: t('ca.certify.text'), submit: t('ca.certify'), cls: 'wide',
    fields: [
      { name: 'station', label: t('col.station'), required: true, mono: true },
      { name: 'request', label: t('ca.certify.request'), type: 'area', mono: true, required: true },
    ],
    send: (values) => post('/ca/certificates', values),
    done: (made) => dialog(made.common_name, () => copyBox('PEM', made.certificate), { cls: 'wide' }),
  });
}

function revoke(c) {
  formDialog({
    title: t('ca.revoke'), intro: t('ca.revoke.text', { name: c.common_name }), submit: t('ca.revoke'), danger: true,
    fields: [{ name: 'because', label: t('field.reason'), maxlength: 200 }, typedField(c.common_name)],
    send: ({ because }) => post(path`/ca/certificates/${c.serial}/revoke`, because ? { because } : {}),
  });
}

function trust(done) {
  formDialog({
    title: t('roots.add'), submit: t('roots.add'), intro: t('roots.text'),
    fields: [
      { name: 'use', label: t('certificates.use'), type: 'select', required: true, options: ['csms', 'manufacturer', 'v2g', 'mobility_operator'].map((value) => ({ value, label: word('certificate_use', value) })) },
      { name: 'certificate', label: t('certificates.pem'), type: 'area', mono: true, required: true },
    ],
    send: (values) => post('/roots', values), done,
  });
}
