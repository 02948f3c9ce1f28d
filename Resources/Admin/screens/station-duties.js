// What a station was given to do beyond one command: its local list, reservations, charging limits, firmware and logs.

import { get, mayRun, mayRunAll, patch, post, remove } from '../api.js';
import { sessionAt } from '../books.js';
import { command } from '../commands.js';
import { formDialog, reading } from '../dialog.js';
import { fill, h, path } from '../dom.js';
import { ago, moment, none, now, number, timeMark } from '../format.js';
import { given } from '../forms.js';
import { who } from '../events.js';
import { t, word } from '../i18n.js';
import { clearing, facts, listSection, sure } from '../lists.js';
import { onNews } from '../live.js';
import { mark } from '../states.js';
import { inZone, localIn, zoneHint } from '../zones.js';

export async function drawDuties(place, state, { signal }) {
  const { station } = state;
  const ours = (kind) => (e) => e.station === station.id && (e.kind.startsWith('command.') || e.kind.startsWith(kind));
  const limits = limitSection(station, signal, ours);
  const told = noticeSection(station, signal);
  const lists = [reservations(station, signal, ours), limits, jobs(station, signal, ours)];
  const localList = h('section', null, h('h2', null, t('locallist.title')));
  fill(place, limits.element, told.element, lists[0].element, localList, lists[2].element);
  await Promise.all([...lists.map((list) => list.begin()), told.begin(), drawLocalList(localList, station, signal)]);
}

// Charging limits

function limitSection(station, signal, ours) {
  const list = listSection({
    title: t('limits.title'), text: t('limits.text'), empty: t('limits.none'), url: path`/stations/${station.id}/profiles`,
    signal, news: ours('station.'), key: (p) => p.number, name: (p) => t('limits.name', { number: p.number }),
    buttons: mayRun() && [
      h('button.primary', { type: 'button', on: { click: () => limitDialog(station) } }, t('limits.set')),
      station.abilities.includes('keeps_limits') && h('button', { type: 'button', on: { click: () => flowDialog(station) } }, t('limits.flow')),
      h('button', { type: 'button', on: { click: () => command(station.id, 'composite-schedule', { evse: 0 }) } }, t('limits.composite')),
      h('button', { type: 'button', on: { click: () => command(station.id, 'get-profiles', {}) } }, t('limits.read')),
    ].filter(Boolean),
    actions: (p) => (mayRun() && ['asked', 'in_force'].includes(p.state) ? [p.profile.kind === 'dynamic' && {
      label: t('limits.change'), key: 'c', run: () => changeFlow(station, p),
    }, {
      label: t('limits.clear'), key: 'x', danger: true,
      run: clearing(station, t('limits.clear'), 'clear-profile', { number: p.number }),
    }].filter(Boolean) : []),
    columns: [
      { id: 'number', label: t('col.number'), head: true, cell: (p) => String(p.number) },
      { id: 'purpose', label: t('col.purpose'), cell: (p) => word('purpose', p.profile.purpose) },
      { id: 'evse', label: t('col.evse'), cell: (p) => (p.evse ? String(p.evse) : t('field.evse.whole')) },
      { id: 'limit', label: t('col.limit'), wide: true, cell: (p) => scheduleInWords(p.profile.schedule) },
      { id: 'kind', label: t('col.kind'), cell: (p) => kindInWords(p.profile) },
      { id: 'state', label: t('col.state'), cell: (p) => mark('duty', p.state, word('duty', p.state)) },
      { id: 'by', label: t('col.by'), cell: (p) => who(p.origin) },
      { id: 'at', label: t('col.since'), cell: (p) => ago(p.updated_at) },
    ],
  });
  return list;
}

/// `16 A`, `16 A, from 2 h 8 A`.
function scheduleInWords({ unit, periods }) {
  return periods.map((p, i) => {
    const flow = p.bidirectional;
    const value = flow?.mode === 'central_setpoint' ? flow.setpoint : p.limit;
    const back = flow?.discharge_limit ? ` / ${number(flow.discharge_limit, 0)}` : '';
    const rate = `${number(value, Number(value) % 1 ? 1 : 0)}${back} ${unit}${p.phases ? ` · ${t('limits.phases', { n: p.phases })}` : ''}`;
    return i === 0 ? rate : t('limits.from', { time: clockOf(p.start_s), rate });
  }).join(', ');
}

function clockOf(seconds) {
  return `${String(Math.floor(seconds / 3600)).padStart(2, '0')}:${String(Math.floor((seconds % 3600) / 60)).padStart(2, '0')}`;
}

function kindInWords(profile) {
  return profile.kind === 'recurring' ? word('recurrency', profile.recurrency) : word('profile_kind', profile.kind);
}

/// The one question that most people have: how much at most. Times of day are offered, the rest of the standard is not asked.
function limitDialog(station) {
  const running = station.evses.map((evse) => sessionAt(station, evse)).filter(Boolean);
  formDialog({
    title: t('limits.set.title', { station: station.id }), submit: t('limits.set'), cls: 'wide',
    fields: [
      {
        name: 'purpose', label: t('limits.for'), type: 'select', required: true,
        options: [
          { value: 'station', label: t('limits.for.station') }, { value: 'any_session', label: t('limits.for.any') },
          ...running.map((s) => ({ value: `session:${s.id}`, label: t('limits.for.session', { token: s.token?.uid ?? s.id }) })),
        ],
      },
      { name: 'limit', label: t('limits.most'), type: 'decimal', required: true, pattern: '[0-9]+([.,][0-9])?', cls: 'half', first: true, hint: t('limits.most.hint') },
      {
        name: 'unit', label: t('limits.unit'), type: 'select', required: true, cls: 'half',
        options: [{ value: 'A', label: t('limits.unit.A') }, { value: 'W', label: t('limits.unit.W') }],
      },
      {
        name: 'evse', label: t('field.evse'), type: 'select', required: true, value: '0',
        options: [{ value: '0', label: t('field.evse.whole') }, ...station.evses.map((e) => ({ value: String(e.number), label: String(e.number) }))],
      },
      { name: 'from', label: t('limits.daily.from'), type: 'time', cls: 'half', optional: t('limits.daily.always') },
      { name: 'to', label: t('limits.daily.to'), type: 'time', cls: 'half', optional: t('limits.daily.always') },
      { name: 'other', label: t('limits.daily.other'), type: 'decimal', hint: t('limits.daily.other.hint') },
    ],
    async send(values) {
      const body = profileFrom(values, station);
      command(station.id, 'set-profile', body);
    },
  });
}

/// What may be changed while it holds: how much flows in at most, or how much flows; below zero it flows back.
function flowDialog(station) {
  const running = station.evses.map((evse) => sessionAt(station, evse)).filter(Boolean);
  formDialog({
    title: t('limits.flow.title', { station: station.id }), submit: t('limits.flow'), cls: 'wide',
    fields: [
      {
        name: 'purpose', label: t('limits.for'), type: 'select', required: true,
        options: [
          { value: 'any_session', label: t('limits.for.any') },
          ...running.map((s) => ({ value: `session:${s.id}`, label: t('limits.for.session', { token: s.token?.uid ?? s.id }) })),
        ],
      },
      {
        name: 'mode', label: t('limits.flow.mode'), type: 'select', required: true,
        options: ['limit', 'setpoint', 'both'].map((mode) => ({ value: mode, label: t(`limits.flow.${mode}`) })),
      },
      { name: 'value', label: t('limits.flow.value'), type: 'decimal', required: true, pattern: '-?[0-9]+([.,][0-9])?', cls: 'half', hint: t('limits.flow.value.hint') },
      {
        name: 'unit', label: t('limits.unit'), type: 'select', required: true, cls: 'half', value: 'W',
        options: [{ value: 'W', label: t('limits.unit.W') }, { value: 'A', label: t('limits.unit.A') }],
      },
      { name: 'back', label: t('limits.flow.back'), type: 'decimal', pattern: '[0-9]+([.,][0-9])?', hint: t('limits.flow.back.hint') },
      { name: 'offline', label: t('limits.flow.offline'), type: 'number', min: 1, max: 604_800, hint: t('limits.flow.offline.hint') },
    ],
    async send({ purpose, mode, value, unit, back, offline }) {
      const [kind, session] = purpose.split(':');
      const period = { start_s: 0, limit: mode === 'setpoint' ? 0 : Number(value) };
      if (mode === 'setpoint') period.bidirectional = { mode: 'central_setpoint', setpoint: Number(value) };
      if (mode === 'both') period.bidirectional = { mode: 'external_limits', discharge_limit: -Number(back ?? 0) };
      const profile = given({
        purpose: kind, stack_level: 1, kind: 'dynamic', max_offline_s: offline ? Number(offline) : null, schedule: { unit, periods: [period] },
      });
      command(station.id, 'set-profile', given({ profile, evse: session ? null : 0, session: session ?? null }));
    },
  });
}

/// Something else from now on, in a profile that is there for that.
function changeFlow(station, { number: name, profile }) {
  const [{ limit, bidirectional: flow }] = profile.schedule.periods;
  const setpoint = flow?.mode === 'central_setpoint';
  formDialog({
    title: t('limits.change.title', { number: name }), submit: t('limits.change'),
    fields: [
      setpoint
        ? { name: 'setpoint', label: t('limits.flow.setpoint'), type: 'decimal', required: true, pattern: '-?[0-9]+([.,][0-9])?', value: String(flow.setpoint) }
        : { name: 'limit', label: t('limits.most'), type: 'decimal', required: true, pattern: '[0-9]+([.,][0-9])?', value: String(limit) },
      flow?.discharge_limit !== undefined && {
        name: 'back', label: t('limits.flow.back'), type: 'decimal', pattern: '[0-9]+([.,][0-9])?', value: String(-flow.discharge_limit),
      },
    ].filter(Boolean),
    async send({ limit: most, setpoint: wanted, back }) {
      command(station.id, 'dynamic-limit', given({ number: name, limit: most ?? null, setpoint: wanted ?? null, discharge_limit: back ? `-${back}` : null }));
    },
  });
}

function profileFrom({ purpose, limit, unit, evse, from, to, other }, station) {
  const [kind, session] = purpose.split(':');
  const profile = { purpose: kind, stack_level: 0, kind: 'absolute', schedule: { unit, periods: [{ start_s: 0, limit: Number(limit) }] } };
  const zone = station.location?.time_zone;
  profile.schedule.starts_at = inZone(`${localIn(now(), zone).slice(0, 10)}T00:00`, zone).toISOString();
  if (kind === 'session') {
    profile.kind = 'relative';
    delete profile.schedule.starts_at;
  }
  if (from && to && from !== to && kind !== 'session') {
    Object.assign(profile, { kind: 'recurring', recurrency: 'daily' });
    profile.schedule.duration_s = 86_400;
    const rest = Number(other ?? (unit === 'A' ? 32 : 22_000));
    const at = (text) => { const [hours, minutes] = text.split(':').map(Number); return hours * 3600 + minutes * 60; };
    const inside = { start_s: at(from), limit: Number(limit) };
    const outside = { start_s: at(to), limit: rest };
    const rows = [inside, outside].sort((a, b) => a.start_s - b.start_s);
    if (rows[0].start_s > 0) rows.unshift({ start_s: 0, limit: rows[1].limit });
    profile.schedule.periods = rows;
  }
  return given({ profile, evse: session ? null : Number(evse), session: session ?? null });
}

/// What stations were told by others, and what they answered to the question which limit holds now.
function noticeSection(station, signal) {
  const element = h('section', { hidden: true }, h('h2', null, t('limits.now')));
  const draw = () => reading(element, async () => {
    const [plans, notices] = await Promise.all([
      get(path`/stations/${station.id}/composite-schedules`, {}, { signal }), get(path`/stations/${station.id}/charging-notices`, {}, { signal }),
    ]);
    element.hidden = plans.items.length + notices.items.length === 0;
    fill(element, h('h2', null, t('limits.now')), facts(
      ...plans.items.map((c) => [
        c.evse ? t('limits.at', { evse: c.evse }) : t('field.evse.whole'),
        [scheduleInWords(c.schedule), h('span.mute', null, ' · ', ago(c.read_at))],
      ]),
      ...notices.items.map((n) => [
        word('notice', n.what), [`${n.source} · `, h('code', null, JSON.stringify(n.told)), h('span.mute', null, ' · ', ago(n.at))],
      ])
    ));
  }, signal);
  onNews(({ events }) => {
    if (events?.some((e) => e.station === station.id && (e.kind === 'command.ended' || e.kind === 'station.charging_told'))) draw();
  }, signal);
  return { element, begin: draw };
}

// Reservations

function reservations(station, signal, ours) {
  return listSection({
    title: t('reservations.title'), empty: t('reservations.none'), url: '/reservations', values: () => ({ station: station.id }), csv: true,
    signal, news: ours('session.'), key: (r) => r.id, name: (r) => r.token,
    buttons: mayRun() && h('button', { type: 'button', on: { click: () => reserve(station) } }, t('reservations.add')),
    actions: (r) => (mayRun() && ['asked', 'placed'].includes(r.state) ? [{
      label: t('reservations.cancel'), key: 'x', danger: true,
      run: () => sure(t('reservations.cancel'), t('reservations.cancel.text', { token: r.token }), t('reservations.cancel'),
        () => remove(path`/reservations/${r.id}`)),
    }] : []),
    columns: [
      { id: 'token', label: t('col.token'), head: true, cell: (r) => h('span.id', null, r.token) },
      { id: 'evse', label: t('col.evse'), cell: (r) => (r.evse ? String(r.evse) : t('reservations.any')) },
      { id: 'state', label: t('col.state'), cell: (r) => mark('duty', r.state, word('duty', r.state)) },
      { id: 'until', label: t('col.until'), cell: (r) => timeMark(r.expires_at, station.location?.time_zone) },
      { id: 'answer', label: t('col.answer'), cell: (r) => r.answer ?? none },
      { id: 'by', label: t('col.by'), cell: (r) => who(r.origin) },
      {
        id: 'session', label: t('col.session'),
        cell: (r) => (r.session ? h('a', { href: path`/sessions/${r.session}` }, t('command.session')) : none),
      },
    ],
  });
}

function reserve(station) {
  const zone = station.location?.time_zone;
  const local = localIn(now() + 30 * 60_000, zone);
  formDialog({
    title: t('reservations.title.of', { station: station.id }), submit: t('reservations.add'),
    fields: [
      { name: 'token', label: t('field.token'), required: true, mono: true, maxlength: 36 },
      {
        name: 'evse', label: t('field.evse'), type: 'select', value: String(station.evses[0]?.number ?? ''),
        options: [{ value: '', label: t('reservations.any') }, ...station.evses.map((e) => ({ value: String(e.number), label: `${e.number} · ${word('evse', e.status)}` }))],
      },
      { name: 'until', label: t('col.until'), type: 'datetime-local', required: true, value: local, hint: zoneHint(station.location?.time_zone) },
    ],
    async send({ token, evse, until }) {
      command(station.id, 'reserve', given({ token, evse: evse ? Number(evse) : null, expires_at: inZone(until, zone).toISOString() }));
    },
  });
}

// The local list

async function drawLocalList(place, station, signal) {
  const draw = () => reading(place, async () => {
    const list = await get(path`/stations/${station.id}/local-list`, {}, { signal });
    const keep = (on) => patch(path`/stations/${station.id}/local-list`, { keep: on }, { match: list }).finally(draw);
    fill(place, h('div.section-head', null, h('h2', null, t('locallist.title')), mayRun() && h('div.buttons', null,
      list.keep ? [
        h('button', { type: 'button', on: { click: () => command(station.id, 'send-list', {}) } }, t('locallist.send')),
        h('button', { type: 'button', on: { click: () => keep(false) } }, t('locallist.off')),
      ] : h('button', { type: 'button', on: { click: () => keep(true) } }, t('locallist.on')))),
    h('p.mute', null, t('locallist.text')),
    facts(
      [t('col.state'), mark('duty', list.state, word('list', list.state))], [t('locallist.version'), list.version === null ? null : number(list.version)],
      [t('locallist.entries'), number(list.entries)], [t('locallist.behind'), list.keep ? number(list.behind) : null],
      [t('locallist.left_out'), list.left_out ? number(list.left_out) : null], [t('locallist.why'), list.why],
      [t('locallist.next'), list.next_try_at ? timeMark(list.next_try_at) : null]
    ));
  }, signal);
  onNews(({ events }) => {
    if (events?.some((e) => e.kind === 'token.changed' || (e.station === station.id && e.kind === 'command.ended'))) draw();
  }, signal);
  await draw();
}

// Firmware and logs

function jobs(station, signal, ours) {
  return listSection({
    title: t('jobs.title'), empty: t('jobs.none'), url: '/jobs', values: () => ({ station: station.id }), csv: true, signal, news: ours('station.'),
    key: (j) => j.id, name: (j) => word('job', j.kind),
    buttons: mayRun() && [
      h('button', { type: 'button', on: { click: () => firmware(station) } }, t('jobs.firmware')),
      h('button', { type: 'button', on: { click: () => fetchLog(station) } }, t('jobs.log')),
    ],
    actions: (j) => [
      mayRunAll() && j.file && j.kind !== 'firmware' && j.state === 'done' && { label: t('jobs.download'), key: 'd', run: () => download(j.file) },
      mayRun() && j.request.md5 && j.state === 'done' && {
        label: t('jobs.unpublish'), key: 'x', danger: true,
        run: () => sure(t('jobs.unpublish'), t('jobs.unpublish.text'), t('jobs.unpublish'),
          async () => { command(station.id, 'unpublish-firmware', { md5: j.request.md5 }); }),
      },
    ].filter(Boolean),
    columns: jobColumns(),
  });
}

/// How jobs are listed here and in a campaign.
export function jobColumns() {
  return [
    { id: 'at', label: t('col.time'), head: true, cell: (j) => timeMark(j.created_at) },
    { id: 'kind', label: t('col.kind'), cell: (j) => word('job', j.kind) },
    { id: 'state', label: t('col.state'), cell: (j) => mark('duty', j.state, word('duty', j.state)) },
    { id: 'word', label: t('col.answer'), cell: (j) => j.word ?? none },
    { id: 'file', label: t('jobs.file'), wide: true, cut: true, cell: (j) => h('span.mono', null, j.file_name ?? j.url) },
    { id: 'by', label: t('col.by'), cell: (j) => who(j.origin) },
    { id: 'changed', label: t('col.ago'), calm: true, cell: (j) => ago(j.updated_at) },
  ];
}

/// Fetches a file by an address that is good once.
export async function download(file) {
  const { url } = await post(path`/files/${file}/fetch`, {});
  const link = document.createElement('a');
  link.setAttribute('href', url);
  link.setAttribute('download', '');
  link.click();
}

async function firmware(station) {
  const files = (await get('/files', { kind: 'firmware', limit: 100 })).items.filter((file) => file.state === 'here');
  formDialog({
    title: t('jobs.firmware.title', { station: station.id }), intro: t('jobs.firmware.text'), submit: t('jobs.firmware.submit'), danger: true,
    fields: [
      files.length > 0 && {
        name: 'file', label: t('jobs.file'), type: 'select', value: '',
        options: [{ value: '', label: t('jobs.file.none') }, ...files.map((f) => ({ value: f.id, label: `${f.name} · ${moment(f.created_at)}` }))],
      },
      { name: 'url', label: t('jobs.url'), mono: true, maxlength: 512, hint: t('jobs.url.hint') },
      { name: 'retrieve_at', label: t('jobs.when'), type: 'datetime-local', optional: t('jobs.when.now'), hint: zoneHint(station.location?.time_zone) },
      { name: 'signature', label: t('jobs.signature'), type: 'area', rows: 2, mono: true, hint: t('jobs.signature.hint') },
      { name: 'certificate', label: t('jobs.certificate'), type: 'area', rows: 3, mono: true },
      station.abilities.includes('describes_itself') && {
        name: 'md5', label: t('jobs.md5'), mono: true, maxlength: 32, pattern: '[0-9A-Fa-f]{32}', hint: t('jobs.md5.hint'),
      },
    ].filter(Boolean),
    async send({ md5, ...values }) {
      const [file, url] = [values.file || null, values.url];
      if (md5) return void command(station.id, 'publish-firmware', given({ md5, file, url }));
      const time = values.retrieve_at ? inZone(values.retrieve_at, station.location?.time_zone).toISOString() : null;
      command(station.id, 'update-firmware', given({ ...values, file, retrieve_at: time }));
    },
  });
}

function fetchLog(station) {
  formDialog({
    title: t('jobs.log.title', { station: station.id }), intro: t('jobs.log.text'), submit: t('jobs.log'),
    fields: [
      {
        name: 'kind', label: t('col.kind'), type: 'select', required: true,
        options: ['diagnostics', 'security'].map((kind) => ({ value: kind, label: word('job', kind) })),
      },
      { name: 'from', label: t('jobs.from'), type: 'datetime-local', cls: 'half', hint: zoneHint(station.location?.time_zone) },
      { name: 'to', label: t('jobs.to'), type: 'datetime-local', cls: 'half', hint: zoneHint(station.location?.time_zone) },
    ],
    async send({ kind, from, to }) {
      const time = (text) => (text ? inZone(text, station.location?.time_zone).toISOString() : null);
      command(station.id, 'get-log', given({ kind, from: time(from), to: time(to) }));
    },
  });
}
