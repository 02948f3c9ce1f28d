// What a station tells of itself beside its settings: reports, monitors and alerts, displays, networks, grid rules.

import { get, mayRun } from '../api.js';
import { command } from '../commands.js';
import { codeBlock, dialog, formDialog, typedField } from '../dialog.js';
import { fill, h, path } from '../dom.js';
import { ago, none, number, timeMark } from '../format.js';
import { given } from '../forms.js';
import { t, word } from '../i18n.js';
import { clearing, listSection, settle } from '../lists.js';
import { mark } from '../states.js';
import { inZone, zoneHint } from '../zones.js';
import { anythingSection } from './station-anything.js';
import { settlementSection, tariffSection } from './station-money.js';

const monitorKinds = ['above', 'below', 'change', 'periodic', 'on_the_clock', 'off_target', 'off_target_relative'];

export async function drawDevice(place, state, { signal }) {
  const { station } = state;
  const about = (...kinds) => (e) => e.station === station.id && kinds.some((kind) => e.kind.startsWith(kind));
  const lists = [
    alertSection(signal, about, station),
    monitorSection(station, signal, about), displaySection(station, signal, about), reportSection(station, signal, about),
    station.abilities.includes('keeps_tariffs') && tariffSection(station, signal, about),
    hiddenWhenEmpty(settlementSection(station, signal, about)),
    streamSection(station, signal), gridSection(station, signal, about), batterySection(station, signal, about),
  ].filter(Boolean);
  fill(place, station.abilities.includes('describes_itself') ? null : h('p.mute', null, t('device.silent')), networkSection(station), lists.map((list) => list.element), mayRun() && anythingSection(station));
  await Promise.all(lists.map((list) => list.begin()));
}

/// Alerts of a station's monitors, of one station or of all.
export function alertSection(signal, about, station = null) {
  const list = listSection({
    title: t('alerts.title'), empty: t('alerts.none'), url: '/alerts', values: () => ({ station: station?.id, open: 'true' }), csv: true, signal,
    news: station ? about('station.alert') : (e) => e.kind.startsWith('station.alert'), key: (a) => a.id, name: (a) => a.key,
    actions: (a) => (mayRun() && !a.ended_at ? [{
      label: t('alerts.settle'), key: 's', run: () => settle(path`/alerts/${a.id}/settle`).then(() => list.begin()),
    }] : []),
    columns: [
      { id: 'at', label: t('col.time'), head: true, cell: (a) => timeMark(a.at) },
      !station && { id: 'station', label: t('col.station'), cell: (a) => (a.station ? h('a.id', { href: path`/stations/${a.station}` }, a.station) : none) },
      { id: 'severity', label: t('alerts.severity'), cell: (a) => severity(a.severity) },
      { id: 'key', label: t('col.key'), wide: true, cell: (a) => h('span.id', null, a.key) },
      { id: 'value', label: t('col.value'), cell: (a) => h('code', null, a.value) },
      { id: 'trigger', label: t('alerts.trigger'), cell: (a) => word('alert', a.trigger) },
      { id: 'info', label: t('col.detail'), cell: (a) => [a.code, a.info].filter(Boolean).join(' · ') || none },
    ].filter(Boolean),
  });
  return list;
}

function severity(level) {
  if (level === null || level === undefined) return none;
  return h('span', { class: level <= 3 ? 'bad-text' : '' }, `${level} · ${t(`severity.${level}`)}`);
}

function monitorSection(station, signal, about) {
  return listSection({
    title: t('monitors.title'), text: t('monitors.text'), empty: t('monitors.none'), url: path`/stations/${station.id}/monitors`,
    signal, news: about('station.reported', 'command.ended'), key: (m) => m.monitor, name: (m) => m.key,
    buttons: mayRun() && [
      h('button', { type: 'button', on: { click: () => addMonitor(station) } }, t('monitors.add')),
      h('button', { type: 'button', on: { click: () => command(station.id, 'monitoring-report', {}) } }, t('monitors.read')),
      h('button', { type: 'button', on: { click: () => monitoringBase(station) } }, t('monitors.base')),
    ],
    open: (m) => showValues(station, m),
    actions: (m) => [
      { label: t('monitors.values'), key: 'v', run: () => showValues(station, m) },
      ...(mayRun() && m.origin === 'custom' ? [{
        label: t('monitors.clear'), key: 'x', danger: true, run: clearing(station, t('monitors.clear'), 'clear-monitors', { monitors: [m.monitor] }),
      }] : []),
    ],
    columns: [
      { id: 'key', label: t('col.key'), head: true, cell: (m) => h('span.id', null, m.key) },
      { id: 'kind', label: t('col.kind'), cell: (m) => word('monitor', m.kind) },
      { id: 'value', label: t('col.value'), num: true, cell: (m) => m.value },
      { id: 'severity', label: t('alerts.severity'), cell: (m) => severity(m.severity) },
      { id: 'origin', label: t('col.by'), cell: (m) => word('monitor_origin', m.origin) },
    ],
  });
}

async function showValues(station, monitor) {
  const { items } = await get(path`/stations/${station.id}/monitors/${monitor.monitor}/values`);
  dialog(t('monitors.values.of', { key: monitor.key }), () => (items.length
    ? h('dl.facts', null, items.map((one) => [h('dt', null, timeMark(one.at)), h('dd', null, h('code', null, one.value))]))
    : h('p.mute', null, t('monitors.values.none'))));
}

function severityOptions() {
  return Array.from({ length: 10 }, (_, level) => ({ value: String(level), label: `${level} · ${t(`severity.${level}`)}` }));
}

function addMonitor(station) {
  formDialog({
    title: t('monitors.add'), submit: t('monitors.add'), intro: t('monitors.add.text'),
    fields: [
      { name: 'key', label: t('col.key'), required: true, mono: true, maxlength: 300, placeholder: 'EVSE#1.Power' },
      { name: 'kind', label: t('col.kind'), type: 'select', required: true, cls: 'half', options: monitorKinds.map((value) => ({ value, label: word('monitor', value) })) },
      { name: 'value', label: t('col.value'), type: 'decimal', required: true, cls: 'half' },
      { name: 'severity', label: t('alerts.severity'), type: 'select', required: true, value: '5', options: severityOptions() },
      { name: 'for_sessions', label: t('monitors.sessions'), type: 'check' },
    ],
    async send({ severity: level, ...values }) {
      command(station.id, 'monitor', { monitors: [{ ...values, severity: Number(level) }] });
    },
  });
}

function monitoringBase(station) {
  formDialog({
    title: t('monitors.base'), submit: t('save'), intro: t('monitors.base.text'),
    fields: [
      { name: 'base', label: t('monitors.base'), type: 'select', required: true, options: ['all', 'factory', 'hard_wired'].map((value) => ({ value, label: word('base', value) })) },
      { name: 'severity', label: t('monitors.level'), type: 'select', options: [{ value: '', label: t('monitors.level.same') }, ...severityOptions()] },
    ],
    async send({ base, severity: level }) {
      await command(station.id, 'monitoring-base', { base });
      if (level) command(station.id, 'monitoring-level', { severity: Number(level) });
    },
  });
}

function displaySection(station, signal, about) {
  return listSection({
    title: t('displays.title'), empty: t('displays.none'), url: path`/stations/${station.id}/display-messages`, signal,
    news: about('station.reported', 'command.ended'), key: (m) => m.message, name: (m) => m.text,
    buttons: mayRun() && [
      h('button', { type: 'button', on: { click: () => showMessage(station) } }, t('displays.show')),
      h('button', { type: 'button', on: { click: () => command(station.id, 'list-messages', {}) } }, t('displays.read')),
    ],
    actions: (m) => (mayRun() ? [{ label: t('displays.clear'), key: 'x', danger: true, run: clearing(station, t('displays.clear'), 'clear-message', { message: m.message }) }] : []),
    columns: [
      { id: 'number', label: t('col.number'), head: true, cell: (m) => String(m.message) },
      { id: 'text', label: t('displays.text'), wide: true, cell: (m) => m.text },
      { id: 'priority', label: t('displays.priority'), cell: (m) => word('priority', m.priority) },
      { id: 'moment', label: t('displays.moment'), cell: (m) => (m.moment ? word('moment', m.moment) : t('displays.always')) },
      { id: 'to', label: t('col.until'), cell: (m) => (m.to ? timeMark(m.to, station.location?.time_zone) : none) },
    ],
  });
}

function showMessage(station) {
  const zone = station.location?.time_zone;
  const words = (family, values, none_) => [...(none_ ? [{ value: '', label: none_ }] : []), ...values.map((value) => ({ value, label: word(family, value) }))];
  formDialog({
    title: t('displays.show'), submit: t('displays.show'),
    fields: [
      { name: 'text', label: t('displays.text'), required: true, maxlength: 512 },
      { name: 'language', label: t('displays.language'), maxlength: 8, cls: 'half', placeholder: 'de' },
      { name: 'priority', label: t('displays.priority'), type: 'select', required: true, value: 'normal', cls: 'half', options: words('priority', ['normal', 'in_front', 'always_front']) },
      { name: 'moment', label: t('displays.moment'), type: 'select', cls: 'half', options: words('moment', ['charging', 'faulted', 'idle', 'unavailable'], t('displays.always')) },
      { name: 'to', label: t('col.until'), type: 'datetime-local', cls: 'half', hint: zoneHint(zone) },
    ],
    async send({ to, moment, ...values }) {
      command(station.id, 'show-message', given({ ...values, moment: moment || null, to: to ? inZone(to, zone).toISOString() : null }));
    },
  });
}

function reportSection(station, signal, about) {
  return listSection({
    title: t('reports.title'), text: t('reports.text'), url: path`/stations/${station.id}/reports`, signal,
    news: about('station.reported', 'command.'), key: (r) => r.id, name: (r) => word('report', r.kind),
    buttons: mayRun() && ['full', 'configuration', 'summary'].map((inventory) => h(
      'button', { type: 'button', on: { click: () => command(station.id, 'report', { inventory }) } }, t(`reports.${inventory}`)
    )),
    open: (r) => { if (r.text) dialog(word('report', r.kind), () => codeBlock(r.text), { cls: 'sheet' }); },
    columns: [
      { id: 'at', label: t('col.time'), head: true, cell: (r) => timeMark(r.started_at) },
      { id: 'kind', label: t('col.kind'), cell: (r) => word('report', r.kind) },
      { id: 'parts', label: t('reports.parts'), num: true, cell: (r) => number(r.parts) },
      { id: 'missing', label: t('reports.missing'), num: true, cell: (r) => (r.missing ? number(r.missing) : none) },
      { id: 'state', label: t('col.state'), cell: (r) => (r.ended_at ? mark('duty', 'done', word('duty', 'done')) : mark('duty', 'sent', t('reports.coming'))) },
    ],
  });
}

function streamSection(station, signal) {
  return hiddenWhenEmpty(listSection({
    title: t('streams.title'), url: path`/stations/${station.id}/streams`, signal, key: (s) => s.stream, name: (s) => String(s.stream),
    columns: [
      { id: 'stream', label: t('col.number'), head: true, cell: (s) => String(s.stream) },
      { id: 'monitor', label: t('monitors.one'), cell: (s) => String(s.monitor) },
      { id: 'seconds', label: t('streams.seconds'), num: true, cell: (s) => number(s.seconds) },
      { id: 'opened', label: t('col.since'), cell: (s) => ago(s.opened_at) },
    ],
  }));
}

function gridSection(station, signal, about) {
  return hiddenWhenEmpty(listSection({
    title: t('grid.title'), url: path`/stations/${station.id}/grid-controls`, signal, news: about('station.grid_control'),
    key: (c) => `${c.control}/${c.default}`, name: (c) => c.control,
    actions: (c) => (mayRun() ? [{
      label: t('grid.clear'), key: 'x', danger: true, run: clearing(station, t('grid.clear'), 'clear-grid-control', { control: c.control, default: c.default }),
    }] : []),
    columns: [
      { id: 'control', label: t('grid.control'), head: true, cell: (c) => h('span.id', null, c.control) },
      { id: 'kind', label: t('col.kind'), cell: (c) => c.kind },
      { id: 'running', label: t('grid.running'), cell: (c) => (c.running === null ? none : t(c.running ? 'yes' : 'no')) },
      { id: 'settings', label: t('col.detail'), wide: true, cut: true, cell: (c) => h('code', null, JSON.stringify(c.settings)) },
      { id: 'at', label: t('col.ago'), cell: (c) => ago(c.told_at) },
    ],
  }));
}

function batterySection(station, signal, about) {
  return hiddenWhenEmpty(listSection({
    title: t('swaps.title'), url: path`/stations/${station.id}/battery-swaps`, signal, news: about('station.battery_swapped'), key: (s) => s.id,
    name: (s) => s.token,
    columns: [
      { id: 'at', label: t('col.time'), head: true, cell: (s) => timeMark(s.at) },
      { id: 'token', label: t('col.token'), cell: (s) => h('span.id', null, s.token) },
      { id: 'step', label: t('col.state'), cell: (s) => word('swap', s.step) },
      { id: 'batteries', label: t('swaps.batteries'), wide: true, cell: (s) => h('code', null, JSON.stringify(s.batteries)) },
    ],
  }));
}

/// Sections that few stations ever fill stand on the page only where there is something in them.
function hiddenWhenEmpty(list) {
  list.element.hidden = true;
  return {
    element: list.element,
    async begin() {
      await list.begin();
      list.element.hidden = !list.element.querySelector('tbody tr, .trouble');
    },
  };
}

function networkSection(station) {
  return h('section', null, h('div.section-head', null, h('h2', null, t('network.title')), mayRun() && h('div.buttons', null,
    h('button', { type: 'button', on: { click: () => network(station) } }, t('network.set')),
    h('button', { type: 'button', on: { click: () => paymentCodes(station) } }, t('verb.payment-codes')))), h('p.mute', null, t('network.text')));
}

function paymentCodes(station) {
  formDialog({
    title: `${t('verb.payment-codes')}: ${station.id}`, intro: t('paycodes.text'), submit: t('verb.payment-codes'),
    fields: [
      { name: 'seconds', label: t('paycodes.seconds'), type: 'number', required: true, min: 6, max: 3600, value: 30, cls: 'half' },
      { name: 'length', label: t('paycodes.length'), type: 'number', required: true, min: 6, max: 32, value: 8, cls: 'half' },
    ],
    async send(values) {
      command(station.id, 'payment-codes', values);
    },
  });
}

function network(station) {
  formDialog({
    title: t('network.title.of', { station: station.id }), intro: t('network.warning'), submit: t('network.set'), danger: true,
    fields: [
      { name: 'slot', label: t('network.slot'), type: 'number', required: true, min: 0, value: 1, cls: 'half' },
      {
        name: 'security_profile', label: t('field.profile'), type: 'select', required: true, cls: 'half', value: String(station.security_profile),
        options: [0, 1, 2, 3].map((n) => ({ value: String(n), label: t(`profile.${n}`) })),
      },
      { name: 'url', label: t('network.url'), required: true, mono: true, maxlength: 512, hint: t('network.url.hint') },
      {
        name: 'interface', label: t('network.interface'), type: 'select', required: true, value: 'any', cls: 'half',
        options: ['any', 'wired0', 'wired1', 'wireless0', 'wireless1'].map((value) => ({ value, label: value })),
      },
      { name: 'message_timeout', label: t('network.timeout'), type: 'number', min: 1, value: 30, cls: 'half' },
      { name: 'slots', label: t('network.use'), hint: t('network.use.hint'), pattern: '[0-9]+(, ?[0-9]+)*', cls: 'half' },
      { name: 'restart', label: t('network.restart'), type: 'check', cls: 'half' },
      typedField(station.id),
    ],
    async send({ security_profile: profile, typed, slots, restart, ...values }) {
      const use = slots ? { slots: slots.split(',').map(Number), restart } : null;
      command(station.id, 'network-profile', given({ ...values, security_profile: Number(profile), use }));
    },
  });
}
