// Templates of settings: what stations of one make should have, compared with what one has, and applied.

import { get, mayRunAll, patch, post, remove } from '../api.js';
import { stations } from '../books.js';
import { command } from '../commands.js';
import { dialog, formDialog, reading } from '../dialog.js';
import { fill, h, path } from '../dom.js';
import { editDialog } from '../editing.js';
import { ago, none, number } from '../format.js';
import { t } from '../i18n.js';
import { listSection, sure } from '../lists.js';
import { plainTable } from '../table.js';

export function templateSection(signal) {
  const again = () => list.begin();
  const list = listSection({
    title: t('templates.title'), text: t('templates.text'), empty: t('templates.none'), url: '/setting-templates', signal,
    news: (e) => e.kind === 'settings.template', key: (one) => one.id, name: (one) => one.name, open: (one) => compare(one),
    buttons: mayRunAll() && h('button', { type: 'button', on: { click: () => edit(null, again) } }, t('templates.add')),
    actions: (one) => [
      { label: t('templates.compare'), key: 'c', run: () => compare(one) },
      ...(mayRunAll() ? [
        { label: t('templates.edit'), key: 'e', run: () => edit(one, again) },
        { label: t('templates.remove'), key: 'x', danger: true, run: () => sure(t('templates.remove'), t('templates.remove.text', { name: one.name }), t('templates.remove'), () => remove(path`/setting-templates/${one.id}`), again, one.name) },
      ] : []),
    ],
    columns: [
      { id: 'name', label: t('field.name'), head: true, cell: (one) => one.name },
      { id: 'for', label: t('templates.for'), cell: (one) => [one.vendor, one.model].filter(Boolean).join(' ') || t('templates.all') },
      { id: 'count', label: t('templates.count'), num: true, cell: (one) => number(Object.keys(one.settings).length) },
      { id: 'changed', label: t('col.ago'), cell: (one) => ago(one.updated_at) },
    ],
  });
  return list;
}

const lines = (template) => Object.entries(template?.settings ?? {}).map(([key, value]) => `${key} = ${value}`).join('\n');

function shape(template, done) {
  return {
    title: t(template ? 'templates.edit' : 'templates.add'), submit: t('save'), cls: 'wide', done,
    fields: [
      { name: 'name', label: t('field.name'), required: true, value: template?.name, maxlength: 100 },
      { name: 'vendor', label: t('templates.vendor'), value: template?.vendor, maxlength: 50, cls: 'half' },
      { name: 'model', label: t('templates.model'), value: template?.model, maxlength: 50, cls: 'half' },
      { name: 'settings', label: t('templates.settings'), type: 'area', mono: true, required: true, rows: 8, value: lines(template), hint: t('templates.settings.hint') },
    ],
    values: (item) => ({ ...item, settings: lines(item) }),
    send: ({ settings, ...values }, match) => {
      const body = { ...values, settings: parse(settings) };
      return template ? patch(path`/setting-templates/${template.id}`, body, { match }) : post('/setting-templates', body);
    },
  };
}

function edit(template, done) {
  return template ? editDialog(path`/setting-templates/${template.id}`, (now) => shape(now, done)) : formDialog(shape(null, done));
}

function parse(text) {
  const settings = {};
  for (const line of text.split('\n').filter((one) => one.trim())) {
    const at = line.indexOf('=');
    if (at < 1) throw Object.assign(new Error(line), { title: t('templates.line'), word: 'form', field: 'settings' });
    settings[line.slice(0, at).trim()] = line.slice(at + 1).trim();
  }
  return settings;
}

/// Which stations differ from a template, and by what; applied to one or all of them.
async function compare(template) {
  await stations.ready().catch(() => {});
  const fits = (s) => (!template.vendor || s.vendor === template.vendor) && (!template.model || s.model === template.model);
  const candidates = stations.list().filter(fits);
  dialog(t('templates.compare.title', { name: template.name }), () => {
    const place = h('div');
    const picked = h('select', { 'aria-label': t('col.station'), on: { change: () => draw() } }, candidates.map((s) => h('option', { value: s.id }, s.id)));
    const draw = () => reading(place, async () => {
      if (!picked.value) return fill(place, h('p.mute', null, t('templates.nobody')));
      const { items } = await get(path`/stations/${picked.value}/settings/differences`, { template: template.id });
      return fill(place, items.length ? plainTable(t('templates.compare'), [
          { label: t('col.key'), head: true }, { label: t('templates.wanted') }, { label: t('templates.actual') },
        ], items.map((one) => [h('span.id', null, one.key), h('code', null, one.wanted), h('code', null, one.actual ?? none)])) : h('p', null, t('templates.same')),
        items.length > 0 && mayRunAll() && h('div.buttons', null, h('button.primary', { type: 'button', on: { click: () => command(picked.value, 'apply-settings', { template: template.id }) } }, t('templates.apply', { station: picked.value }))));
    });
    draw();
    return [picked, place];
  }, { cls: 'wide' });
}
