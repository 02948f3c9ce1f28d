// Alarms: what needs a person and is told to one, how that is told, and the letters that tell it.

import { get, post, replace } from '../api.js';
import { dialog, reading } from '../dialog.js';
import { announce, fill, h } from '../dom.js';
import { editDialog } from '../editing.js';
import { ago, none, timeMark } from '../format.js';
import { t } from '../i18n.js';
import { csvButton, doButton, listSection } from '../lists.js';
import { mark } from '../states.js';
import { LiveTable } from '../table.js';

const kinds = ['station_offline', 'evse_faulted', 'session_stuck', 'partner_failing', 'certificate_expiring', 'disk_low', 'cdr_held', 'circuit_over', 'meter_silent'];

export function alarmSection(signal) {
  const list = listSection({
    title: t('alarms.title'), text: t('alarms.text'), empty: t('alarms.none'), url: '/alarms', signal, key: (a) => `${a.kind}/${a.about}`, name: (a) => a.about,
    news: (e) => e.kind.startsWith('alarm.'),
    buttons: [
      h('button', { type: 'button', on: { click: () => edit(() => list.begin()) } }, t('alarms.rules')),
      h('button', { type: 'button', on: { click: letters } }, t('alarms.letters')),
      doButton(t('alarms.test'), test),
    ],
    columns: [
      { id: 'kind', label: t('alarms.kind'), head: true, cell: (a) => t(`alarms.kind.${a.kind}`) }, { id: 'about', label: t('alarms.about'), cell: (a) => a.about },
      { id: 'detail', label: t('walk.reason'), wide: true, cut: true, cell: (a) => a.detail ?? none },
      { id: 'state', label: t('col.state'), cell: (a) => mark('yes', a.ended_at ? 'ok' : a.told_at ? 'failed' : 'private', t(a.ended_at ? 'alarms.over' : a.told_at ? 'alarms.told' : 'alarms.waits')) },
      { id: 'since', label: t('col.since'), cell: (a) => timeMark(a.since) }, { id: 'ago', label: t('col.ago'), calm: true, cell: (a) => ago(a.since) },
    ],
  });
  return list;
}

async function test() {
  const { letter, why } = await post('/alarms/test', {}, { seconds: 90 });
  announce(t(`alarms.test.${letter}`));
  dialog(t('alarms.test'), () => [h('p', null, mark('yes', letter === 'taken' ? 'ok' : letter === 'nobody' ? 'private' : 'failed', t(`alarms.test.${letter}`))), why && h('pre', null, why)]);
}

/// The rules as the form has them.
function flat({ rules, server, recipients, ...others }) {
  const delays = kinds.map((kind) => [kind, rules.find((r) => r.kind === kind && r.on)?.delay_minutes ?? '']);
  return { security: 'tls', port: 465, ...Object.fromEntries(delays), ...server, ...others, recipients: recipients.join(' ') };
}

function edit(done) {
  return editDialog('/alarms/rules', (rules) => form(rules, done));
}

function form(rules, done) {
  const now = flat(rules);
  return {
    values: flat,
    title: t('alarms.rules'), submit: t('save'), intro: t('alarms.rules.text'), cls: 'wide',
    fields: [
      ...kinds.map((kind) => ({ name: kind, label: t(`alarms.kind.${kind}`), type: 'number', min: 0, max: 10080, value: now[kind], cls: 'half', optional: t('alarms.off'), hint: t('alarms.delay') })),
      { name: 'repeat_hours', label: t('alarms.repeat'), type: 'number', min: 0, max: 720, value: now.repeat_hours, required: true, cls: 'half' },
      { name: 'calm_minutes', label: t('alarms.calm'), type: 'number', min: 0, max: 1440, value: now.calm_minutes, required: true, cls: 'half' },
      { name: 'quiet_from', label: t('alarms.quiet.from'), value: now.quiet_from, placeholder: '22:00', pattern: '[0-2][0-9]:[0-5][0-9]', cls: 'half' },
      { name: 'quiet_to', label: t('alarms.quiet.to'), value: now.quiet_to, placeholder: '06:00', pattern: '[0-2][0-9]:[0-5][0-9]', cls: 'half' },
      { name: 'time_zone', label: t('alarms.zone'), value: now.time_zone, required: true, cls: 'half' },
      { name: 'recipients', label: t('alarms.recipients'), value: now.recipients, hint: t('alarms.recipients.hint') },
      { name: 'host', label: t('alarms.host'), mono: true, value: now.host, placeholder: 'mail.example.com', cls: 'half' },
      { name: 'port', label: t('alarms.port'), type: 'number', min: 1, max: 65535, value: now.port, cls: 'half' },
      { name: 'security', label: t('alarms.security'), type: 'select', value: now.security, options: ['tls', 'starttls', 'plain'].map((value) => ({ value, label: t(`alarms.security.${value}`) })), cls: 'half' },
      { name: 'from', label: t('alarms.from'), value: now.from, placeholder: 'ostler@example.com', cls: 'half' },
      { name: 'user', label: t('settings.user'), value: now.user, cls: 'half' },
      { name: 'password', label: t('login.password'), type: 'password', cls: 'half', optional: now.has_password ? t('alarms.password.kept') : undefined },
      { name: 'allow_private', label: t('partners.private'), type: 'check', value: now.allow_private },
    ],
    send: (values, match) => replace('/alarms/rules', body(values), { match }), done: () => { announce(t('saved')); done(); },
  };
}

function body(values) {
  const rules = kinds.filter((kind) => values[kind] !== undefined && values[kind] !== null && values[kind] !== '')
    .map((kind) => ({ kind, on: true, delay_minutes: values[kind] }));
  const server = values.host && {
    host: values.host, port: values.port, security: values.security, from: values.from ?? '', allow_private: values.allow_private,
    ...(values.user ? { user: values.user } : {}), ...(values.password ? { password: values.password } : {}),
  };
  return {
    rules, recipients: (values.recipients ?? '').split(/[\s,;]+/).filter(Boolean), ...(server ? { server } : {}),
    ...(values.quiet_from ? { quiet_from: values.quiet_from } : {}), ...(values.quiet_to ? { quiet_to: values.quiet_to } : {}),
    time_zone: values.time_zone, repeat_hours: values.repeat_hours, calm_minutes: values.calm_minutes,
  };
}

function letters() {
  dialog(t('alarms.letters'), () => {
    const place = h('div');
    const draw = () => reading(place, async () => {
      const { items } = await get('/letters', { limit: 50 });
      const table = new LiveTable({
        caption: t('alarms.letters'), key: (l) => l.id, name: (l) => l.subject, empty: () => h('p.mute', null, t('alarms.letters.none')),
        columns: [
          { id: 'at', label: t('col.time'), head: true, cell: (l) => timeMark(l.created_at) }, { id: 'to', label: t('alarms.recipients'), cut: true, cell: (l) => l.to.join(' ') },
          { id: 'subject', label: t('alarms.subject'), wide: true, cut: true, cell: (l) => l.subject },
          { id: 'state', label: t('col.state'), cell: (l) => mark('yes', l.state === 'taken' ? 'ok' : l.state === 'waiting' && !l.attempts ? 'private' : 'failed', t(`alarms.letter.${l.state}`)) },
          { id: 'why', label: t('walk.reason'), wide: true, cut: true, cell: (l) => l.why ?? none },
        ],
      });
      table.show(items);
      fill(place, table.element, h('div.buttons', null, csvButton('/letters')));
    });
    draw();
    return place;
  }, { cls: 'wide' });
}
