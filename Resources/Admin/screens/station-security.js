// How a station proves itself and whom it trusts: the walk to profile 3, its certificates, what it reported.

import { get, mayRun, post, remove, replace } from '../api.js';
import { command } from '../commands.js';
import { formDialog, reading } from '../dialog.js';
import { fill, h, path } from '../dom.js';
import { ago, day, none, timeMark } from '../format.js';
import { who } from '../events.js';
import { t, word } from '../i18n.js';
import { doButton, facts, listSection, sure } from '../lists.js';
import { onNews } from '../live.js';
import { mark } from '../states.js';
import { plainTable } from '../table.js';

const steps = ['install_root', 'ask_for_request', 'await_request', 'await_acceptance', 'set_profile', 'prefer_profile', 'restart', 'await_return', 'done'];

export async function drawSecurity(place, state, { signal }) {
  const { station } = state;
  const walk = h('section', null, h('h2', null, t('walk.title'))), certificates = h('section', null, h('h2', null, t('certificates.title')));
  const events = listSection({
    title: t('security.events'), empty: t('security.events.none'), url: path`/stations/${station.id}/security-events`, csv: true, signal,
    news: (e) => e.station === station.id && e.kind === 'station.security_event', key: (e) => `${e.type} ${e.received_at}`, name: (e) => e.type,
    columns: [
      { id: 'at', label: t('col.time'), head: true, cell: (e) => timeMark(e.at ?? e.received_at) },
      { id: 'type', label: t('col.what'), cell: (e) => h('span', { class: e.alarming ? 'bad-text' : '' }, e.alarming ? '▲ ' : '', e.type) },
      { id: 'info', label: t('col.detail'), wide: true, cell: (e) => e.info ?? none },
    ],
  });
  fill(place, walk, certificates, meterKeys(station), events.element);
  const draw = () => Promise.all([[walk, drawWalk], [certificates, drawCertificates]].map(([place, fillIt]) => reading(place, () => fillIt(place, station, signal), signal)));
  onNews(({ events: news }) => {
    if (news?.some((e) => e.station === station.id && /^(certificate\.|station\.(profile_step|secured)|command\.ended)/.test(e.kind))) draw();
  }, signal);
  await Promise.all([draw(), events.begin()]);
}

async function drawWalk(place, station, signal) {
  const { walk } = await get(path`/stations/${station.id}/certificates`, {}, { signal });
  const again = () => drawWalk(place, station, signal);
  const at = walk ? steps.indexOf(walk.step === 'failed' ? 'install_root' : walk.step) : -1;
  const under = walk && !['done', 'failed'].includes(walk.step);
  const begin = () => sure(t('walk.begin.title', { station: station.id }), t('walk.begin.text'), t('walk.begin'),
    () => post(path`/stations/${station.id}/profile-walk`, {}), again);
  fill(place, h('div.section-head', null, h('h2', null, t('walk.title')), mayRun() && h('div.buttons', null, under
    ? doButton(t('walk.stop'), () => remove(path`/stations/${station.id}/profile-walk`).then(again))
    : station.security_profile < 3 && h('button.primary', { type: 'button', on: { click: begin } }, t('walk.begin')))),
  h('p.mute', null, t(station.security_profile === 3 ? 'walk.is3' : 'walk.text')),
  walk && h('ol.walk', { 'aria-label': t('walk.steps') }, steps.map((step, i) => h('li', {
    data: { at: walk.step === 'done' || i < at ? 'done' : i === at && walk.step !== 'failed' ? 'now' : 'later' },
    'aria-current': i === at && under ? 'step' : null,
  }, t(`walk.step.${step}`)))),
  walk && facts(
    [t('col.state'), mark('duty', walk.step === 'failed' ? 'failed' : walk.step === 'done' ? 'done' : 'sent', t(`walk.step.${walk.step}`))],
    [t('walk.reason'), walk.reason], [t('walk.attempts'), walk.attempts > 1 ? String(walk.attempts) : null],
    [t('fact.serial'), walk.serial], [t('col.by'), who(walk.by)], [t('col.since'), ago(walk.changed_at)]
  ));
}

async function drawCertificates(place, station, signal) {
  const found = await get(path`/stations/${station.id}/certificates`, {}, { signal });
  const id = (text) => h('span.mono', { title: text }, String(text).slice(0, 16));
  const label = (text, num) => ({ label: text, num });
  const install = () => formDialog({
    title: t('certificates.install'), submit: t('certificates.install'), intro: t('certificates.install.text'),
    fields: [
      { name: 'use', label: t('certificates.use'), type: 'select', required: true, options: ['csms', 'manufacturer', 'v2g', 'mobility_operator'].map((value) => ({ value, label: word('certificate_use', value) })) },
      { name: 'certificate', label: t('certificates.pem'), type: 'area', mono: true, optional: t('certificates.pem.optional') },
    ],
    async send({ use, certificate }) { command(station.id, 'install-certificate', certificate ? { use, certificate } : { use }); },
  });
  const rows = found.held.map((c) => [
    word('certificate_use', c.use), id(c.serial_number), id(c.issuer_name_hash), ago(c.seen_at),
    mayRun() && h('button', { type: 'button', on: { click: () => dropCertificate(station, c) } }, t('certificates.delete')),
  ]);
  fill(place, h('div.section-head', null, h('h2', null, t('certificates.title')), mayRun() && h('div.buttons', null,
    h('button', { type: 'button', on: { click: () => command(station.id, 'list-certificates', {}) } }, t('certificates.read')),
    h('button', { type: 'button', on: { click: install } }, t('certificates.install')))),
  facts([t('certificates.shown'), found.shown ? `${found.shown.common_name} · ${found.shown.serial} · ${day(found.shown.expires_at)}` : t('certificates.shown.none')]),
  rows.length ? plainTable(t('certificates.held'), [
    { label: t('certificates.use'), head: true }, label(t('fact.serial')), label(t('certificates.issuer')), label(t('col.ago')), label(''),
  ], rows) : h('p.mute', null, t('certificates.held.none')),
  found.issued.length > 0 && [h('h3', null, t('certificates.issued')), plainTable(t('certificates.issued'), [
    { label: t('fact.serial'), head: true }, label(t('certificates.purpose')), label(t('col.until')), label(t('col.state')),
  ], found.issued.map((c) => [id(c.serial), word('purpose_of_certificate', c.purpose), day(c.expires_at), c.revoked_at ? t('certificates.revoked', { why: c.revoked_because ?? '' }) : t('certificates.good')]))],
  found.requests.length > 0 && [h('h3', null, t('certificates.requests')), plainTable(t('certificates.requests'), [
    { label: t('col.time'), head: true }, label(t('col.kind')), label(t('col.state')), label(t('walk.reason')),
  ], found.requests.map((r) => [timeMark(r.at), word('request', r.kind), word('request_phase', r.phase), r.reason ?? none]))]);
}

function dropCertificate(station, c) {
  sure(t('certificates.delete'), t('certificates.delete.text', { station: station.id, serial: c.serial_number }), t('certificates.delete'), async () => {
    command(station.id, 'delete-certificate', {
      hash_algorithm: c.hash_algorithm, issuer_name_hash: c.issuer_name_hash, issuer_key_hash: c.issuer_key_hash, serial_number: c.serial_number, use: c.use,
    });
  }, null, station.id);
}

/// The key by which a meter signs: with it, signed readings prove who measured.
function meterKeys(station) {
  const set = (evse) => formDialog({
    title: t('meterkey.title', { evse: evse.number }), intro: t('meterkey.text'), submit: t('save'),
    fields: [{ name: 'key', label: t('meterkey.key'), type: 'area', mono: true, rows: 3, optional: t('meterkey.optional') }],
    send: (values) => replace(path`/stations/${station.id}/evses/${evse.number}/meter-key`, values),
  });
  if (!mayRun() || !station.evses.length) return null;
  return h('section', null, h('div.section-head', null, h('h2', null, t('meterkey.section')), h('div.buttons', null,
    station.evses.map((evse) => h('button', { type: 'button', on: { click: () => set(evse) } }, t('meterkey.set', { evse: evse.number }))))),
  h('p.mute', null, t('meterkey.text')));
}
