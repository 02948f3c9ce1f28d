// Campaigns: new firmware for many stations, in waves; the files that they bring; templates of settings.

import { get, mayRunAll, post, remove } from '../api.js';
import { locations, stations } from '../books.js';
import { bulkName, doneOf } from '../bulk-view.js';
import { copyBox, dialog, formDialog } from '../dialog.js';
import { h, path } from '../dom.js';
import { ago, moment, none, number, timeMark } from '../format.js';
import { given } from '../forms.js';
import { who } from '../events.js';
import { t, word } from '../i18n.js';
import { go } from '../keys.js';
import { listSection, sure } from '../lists.js';
import { mark } from '../states.js';
import { alertSection } from './station-device.js';
import { templateSection } from './templates.js';

export async function show({ root, signal, head }) {
  head({ title: t('nav.campaigns'), sub: t('campaigns.sub') });
  await Promise.all([stations.ready(), locations.ready()]).catch(() => {});
  const files = fileSection(signal);
  const lists = [campaignSection(signal), runSection(signal), files, templateSection(signal), alertSection(signal)];
  root.append(...lists.map((list) => list.element));
  await Promise.all(lists.map((list) => list.begin()));
}

function campaignSection(signal) {
  return listSection({
    title: t('campaigns.title'), empty: t('campaigns.none'), url: '/campaigns', csv: true, signal, news: (e) => e.kind.startsWith('command.') || e.kind.startsWith('campaign.'),
    key: (c) => c.id, name: (c) => c.name, href: (c) => path`/campaigns/${c.id}`,
    buttons: mayRunAll() && h('button.primary', { type: 'button', on: { click: begin } }, t('campaigns.begin')),
    columns: [
      { id: 'name', label: t('field.name'), head: true, cell: (c) => h('a', { href: path`/campaigns/${c.id}` }, c.name) },
      { id: 'state', label: t('col.state'), cell: (c) => mark('duty', c.state, word('campaign', c.state)) },
      { id: 'why', label: t('walk.reason'), cell: (c) => c.why ?? none },
      { id: 'wave', label: t('campaigns.wave'), num: true, cell: (c) => number(c.plan.wave_size) },
      { id: 'by', label: t('col.by'), cell: (c) => who(c.origin) },
      { id: 'at', label: t('col.since'), cell: (c) => timeMark(c.created_at) },
    ],
  });
}

/// What was done at many stations at once: begun on the list of stations, and found again here.
function runSection(signal) {
  return listSection({
    title: t('bulk.runs'), text: t('bulk.runs.text'), empty: t('bulk.runs.none'), url: '/bulk-runs', csv: true, buttons: h('a.button', { href: '/stations' }, t('nav.stations')), signal, page: 20,
    news: (e) => e.kind.startsWith('command.') || e.kind.startsWith('bulk.'),
    key: (run) => run.id, name: bulkName, href: (run) => path`/bulk-runs/${run.id}`,
    columns: [
      { id: 'name', label: t('bulk.what'), head: true, cell: (run) => h('a', { href: path`/bulk-runs/${run.id}` }, bulkName(run)) },
      { id: 'state', label: t('col.state'), cell: (run) => mark('duty', run.state, word('campaign', run.state)) },
      { id: 'done', label: t('bulk.done'), num: true, cell: (run) => t('bulk.of', { done: number(doneOf(run)), all: number(run.stations) }) },
      { id: 'bad', label: t('bulk.failed'), num: true, cell: ({ tally }) => number(tally.refused + tally.failed) },
      { id: 'by', label: t('col.by'), cell: (run) => who(run.origin) },
      { id: 'at', label: t('col.since'), cell: (run) => timeMark(run.created_at) },
    ],
  });
}

async function begin() {
  const files = (await get('/files', { kind: 'firmware', limit: 200 })).items.filter((file) => file.state === 'here');
  const makes = [...new Set(stations.list().map((s) => [s.vendor, s.model].filter(Boolean).join(' ')).filter(Boolean))].sort();
  formDialog({
    title: t('campaigns.begin'), intro: t('campaigns.text'), submit: t('campaigns.begin'), danger: true, cls: 'wide',
    fields: [
      { name: 'name', label: t('field.name'), required: true, maxlength: 100 },
      { name: 'file', label: t('jobs.file'), type: 'select', options: [{ value: '', label: t('jobs.file.none') }, ...files.map((f) => ({ value: f.id, label: `${f.name} · ${moment(f.created_at)}` }))] },
      { name: 'url', label: t('jobs.url'), mono: true, maxlength: 512, hint: t('jobs.url.hint') },
      { name: 'make', label: t('campaigns.make'), type: 'select', required: true, options: makes.map((value) => ({ value, label: `${value} (${number(stations.list().filter((s) => makeOf(s) === value).length)})` })) },
      { name: 'wave_size', label: t('campaigns.wave'), type: 'number', required: true, min: 1, value: 10, cls: 'quarter' },
      { name: 'most_failures', label: t('campaigns.failures'), type: 'number', min: 1, value: 3, cls: 'quarter' },
      { name: 'from', label: t('campaigns.from'), type: 'time', value: '01:00', cls: 'quarter' },
      { name: 'to', label: t('campaigns.to'), type: 'time', value: '05:00', cls: 'quarter' },
      { name: 'attempts', label: t('campaigns.attempts'), type: 'number', min: 1, max: 10, value: 3, cls: 'half' },
      { name: 'pause_minutes', label: t('campaigns.pause'), type: 'number', min: 1, value: 60, cls: 'half' },
    ],
    send: ({ name, make, from, to, file, ...plan }) => post('/campaigns', {
      name, stations: stations.list().filter((s) => makeOf(s) === make).map((s) => s.id),
      plan: given({ ...plan, file: file || null, from_minute: minute(from), to_minute: minute(to) }),
    }),
    done: (campaign) => go(path`/campaigns/${campaign.id}`),
  });
}

function makeOf(station) { return [station.vendor, station.model].filter(Boolean).join(' '); }

function minute(text) {
  if (!text) return null;
  const [hours, minutes] = text.split(':').map(Number);
  return hours * 60 + minutes;
}

function fileSection(signal) {
  const list = listSection({
    title: t('files.title'), text: t('files.text'), empty: t('files.none'), url: '/files', csv: true, signal, key: (f) => f.id, name: (f) => f.name,
    buttons: mayRunAll() && h('button', { type: 'button', on: { click: () => bring(() => list.begin()) } }, t('files.bring')),
    actions: (f) => (mayRunAll() && f.state !== 'gone' ? [{
      label: t('files.remove'), key: 'x', danger: true,
      run: () => sure(t('files.remove'), t('files.remove.text', { name: f.name }), t('files.remove'), () => remove(path`/files/${f.id}`), () => list.begin(), f.name),
    }] : []),
    columns: [
      { id: 'name', label: t('field.name'), head: true, cell: (f) => h('span.mono', null, f.name) },
      { id: 'kind', label: t('col.kind'), cell: (f) => word('file_kind', f.kind) },
      { id: 'state', label: t('col.state'), cell: (f) => mark('duty', f.state, word('file', f.state)) },
      { id: 'bytes', label: t('files.size'), num: true, cell: (f) => (f.bytes === null ? none : t('files.kb', { n: Math.ceil(f.bytes / 1000) })) },
      { id: 'by', label: t('col.by'), cell: (f) => who(f.origin) },
      { id: 'at', label: t('col.ago'), cell: (f) => ago(f.created_at) },
    ],
  });
  return list;
}

/// The file goes to an address of its own, which is good once; a browser of this page may not call it, so a command line does.
function bring(done) {
  formDialog({
    title: t('files.bring'), submit: t('files.bring'), intro: t('files.bring.text'),
    fields: [{ name: 'name', label: t('files.name'), required: true, mono: true, maxlength: 100, placeholder: 'acme-2.4.1.bin' }],
    send: ({ name }) => post('/files', { name, kind: 'firmware' }),
    done: ({ file, upload_url: url }) => dialog(file.name, (close) => [
      h('p', null, t('files.bring.now')), copyBox(t('files.command'), `curl -T '${file.name.replaceAll("'", "'\\''")}' '${url}'`),
      h('div.buttons', null, h('button.primary', { type: 'button', on: { click: close } }, t('dialog.close'))),
    ], { cls: 'wide', onClose: done }),
  });
}
