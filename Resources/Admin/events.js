// Tells each fact of the house in one line.

import { me } from './api.js';
import { h, path } from './dom.js';
import { number } from './format.js';
import { has, t, tr, word } from './i18n.js';

/// One line for an event, as texts and links.
export function eventLine(event) {
  const { kind, subject, body = {} } = event;
  const [family, ...rest] = subject.split('/');
  const id = rest.join('/');
  const named = {
    ...Object.fromEntries(Object.entries(body).map(([key, value]) => [key, value ?? ''])),
    subject: target(family, id, event),
    status: body.status ? word('evse', body.status).toLowerCase() : '',
    by: body.by ? who(body.by) : '',
    phase: body.phase ? word('command', body.phase).toLowerCase() : '',
    milliseconds: typeof body.milliseconds === 'number' ? number(body.milliseconds) : '',
    module: body.module ? word('module', body.module) : '',
    object: body.object ? short(body.object) : '',
    at: event.station ? h('a.id', { href: path`/stations/${event.station}` }, event.station) : '',
    state: stateWord(kind, body),
    what: whatWord(kind, body),
    wish: body.profile_type ? word('preference', body.profile_type.toLowerCase()) : '',
    verb: body.verb ? word('verb', body.verb) : '',
    partner: body.partner ? partnerLink(body.partner) : '',
    key: 'new' in body ? t(body.new ? 'event.key.new' : 'event.key.old') : '',
    session: body.session ? h('a', { href: path`/sessions/${body.session}` }, short(body.session)) : '',
  };
  const note = body.note ? [h('span.mute', null, ` · ${body.note}`)] : [];
  const why = (kind === 'push.failed' || kind === 'push.parked') && body.why ? [h(
    'span.mute', null, ` · ${body.why}`
  )] : [];
  if (kind === 'certificate.expires' && body.days < 0) return tr('event.certificate.expired', named);
  if (kind === 'push.acknowledged' && !named.milliseconds) return tr('event.push.taken', named);
  if (has(`event.${kind}`)) return [...tr(`event.${kind}`, named), ...note, ...why];
  if (has(`event.${kind.split('.')[0]}`) && named.state) return [...tr(`event.${kind.split('.')[0]}`, named), body.why ? h('span.mute', null, ` · ${body.why}`) : ''];
  return [named.subject, ` ${kind}`];
}

/// Duties are told by where they stand: `job.done`, `profile.refused`.
function stateWord(kind, body) {
  const [family, state] = kind.split('.');
  if (kind === 'partner.hub_client') return body.status;
  return word(['list', 'file'].includes(family) ? family : 'duty', state).toLowerCase();
}

function whatWord(kind, body) {
  if (kind.startsWith('job.')) return word('job', body.kind);
  if (kind.startsWith('alarm.') && body.kind) return word('attention', body.kind);
  return body.what ?? '';
}

/// A partner is of the whole house: whoever is limited to sites reads its name.
export function partnerLink(id, name) {
  return h('a', { href: me.sites ? null : path`/partners/${id}` }, name ?? t('event.partner', { id }));
}

/// An id that is too long to read, by its end: the beginnings of ids made together are alike.
export function short(id) { return id.length > 12 ? `…${id.slice(-8)}` : id; }

function target(family, id, event) {
  switch (family) {
    case 'station': return event.station ? h('a.id', { href: path`/stations/${event.station}` }, event.station) : h(
      'span', null, t('event.station', { id })
    );
    case 'knock': return h('b', null, id);
    case 'session': return h('a.id', { href: path`/sessions/${id}` }, short(id));
    case 'cdr': return h('a.id', { href: path`/cdrs/${id}` }, short(id));
    case 'partner': return partnerLink(id, event.partner);
    case 'command': return event.station ? h(
      'a.id', { href: path`/stations/${event.station}` }, event.station
    ) : h('span', null, short(id));
    case 'roaming-session': return h('a', { href: `/roaming?tab=sessions` }, id);
    case 'roaming-cdr': return h('a', { href: `/roaming?tab=cdrs` }, id);
    case 'location': return h('a', { href: path`/sites/${id}` }, t('event.location', { id }));
    case 'tariff': return h('a', { href: path`/tariffs/${id}` }, t('event.tariff', { id }));
    case 'certificate': case 'door': return h('span', null, t(`event.${family}`, { id }));
    default: return h('span', null, id);
  }
}

/// `operator:anna` is anna.
export function who(origin) {
  const [family, ...rest] = String(origin).split(':');
  const name = rest.join(':');
  if (!name) return origin === 'house' ? t('who.house') : String(origin);
  return family === 'partner' ? t('who.partner', { name }) : name;
}
