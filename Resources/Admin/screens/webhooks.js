// Webhooks: programs that are told what happens, how each delivery ended, and sending it again.

import { get, patch, post, remove } from '../api.js';
import { dialog, formDialog, reading, secretDialog } from '../dialog.js';
import { announce, fill, h, path } from '../dom.js';
import { editDialog } from '../editing.js';
import { ago, none, number, timeMark } from '../format.js';
import { t } from '../i18n.js';
import { csvButton, listSection, sure } from '../lists.js';
import { mark } from '../states.js';
import { LiveTable } from '../table.js';

const families = ['session.', 'cdr.', 'station.', 'evse.', 'command.', 'partner.', 'push.', 'certificate.', 'user.', 'house.'];

export function webhookSection(signal) {
  const again = () => list.begin();
  const list = listSection({
    title: t('webhooks.title'), text: t('webhooks.text'), empty: t('webhooks.none'), url: '/webhooks', signal, key: (w) => w.id, name: (w) => w.name,
    buttons: h('button', { type: 'button', on: { click: () => add(again) } }, t('webhooks.add')), open: (w) => deliveries(w),
    actions: (w) => [
      { label: t('webhooks.deliveries'), key: 'd', run: () => deliveries(w) }, { label: t('webhooks.test'), key: 't', run: () => test(w) },
      { label: t('webhooks.edit'), key: 'e', run: () => change(w, again) },
      { label: t(w.paused ? 'webhooks.resume' : 'webhooks.pause'), key: 'p', run: () => patch(path`/webhooks/${w.id}`, { paused: !w.paused }).then(again) },
      { label: t('webhooks.remove'), key: 'x', danger: true, run: () => sure(t('webhooks.remove'), t('webhooks.remove.text', { name: w.name }), t('webhooks.remove'), () => remove(path`/webhooks/${w.id}`), again, w.name) },
    ],
    columns: [
      { id: 'name', label: t('field.name'), head: true, cell: (w) => w.name }, { id: 'url', label: t('partners.url'), wide: true, cut: true, cell: (w) => h('span.mono', null, w.url) },
      { id: 'kinds', label: t('webhooks.kinds'), cell: (w) => w.kinds.join(' ') || t('webhooks.all') },
      { id: 'state', label: t('col.state'), cell: (w) => mark('yes', w.paused ? 'private' : w.failures ? 'failed' : 'ok', w.paused ? t('partner.paused') : w.failures ? t('webhooks.failing', { n: w.failures }) : t('yes.ok')) },
    ],
  });
  return list;
}

function fields(webhook) {
  return [
    { name: 'url', label: t('partners.url'), required: true, mono: true, maxlength: 500, value: webhook?.url, placeholder: 'https://erp.example/ostler' },
    { name: 'kinds', label: t('webhooks.kinds'), mono: true, value: webhook?.kinds.join(' '), optional: t('webhooks.all'), hint: families.join(' ') },
    { name: 'allow_private', label: t('partners.private'), type: 'check', value: webhook?.allow_private },
  ];
}

const shaped = ({ kinds, ...values }) => ({ ...values, kinds: (kinds ?? '').split(/[\s,]+/).filter(Boolean) });

function add(done) {
  formDialog({
    title: t('webhooks.add'), submit: t('save'), intro: t('webhooks.text'),
    fields: [{ name: 'name', label: t('field.name'), required: true, maxlength: 64 }, ...fields()],
    send: (values) => post('/webhooks', shaped(values)),
    done: (made) => secretDialog({ title: made.name, text: t('webhooks.secret'), secrets: [{ label: t('factor.secret'), value: made.secret }], done }),
  });
}

function change(webhook, done) {
  return editDialog(path`/webhooks/${webhook.id}`, (now) => ({
    title: t('webhooks.edit'), submit: t('save'), intro: t('webhooks.text'), fields: fields(now), done,
    values: (item) => ({ ...item, kinds: item.kinds.join(' ') }),
    send: (values, match) => patch(path`/webhooks/${webhook.id}`, shaped(values), { match }),
  }));
}

async function test(webhook) {
  const ended = await post(path`/webhooks/${webhook.id}/test`, {}, { seconds: 60 });
  dialog(t('webhooks.test'), () => [h('p', null, outcome(ended)), ended.why && h('pre', null, ended.why)]);
  announce(ended.taken ? t('yes.ok') : t('yes.failed'));
}

function outcome(one) {
  return mark('yes', one.taken ? 'ok' : 'failed', `${one.status ?? t('webhooks.silent')} · ${number(one.milliseconds)} ms`);
}

function deliveries(webhook) {
  dialog(t('webhooks.deliveries.of', { name: webhook.name }), () => {
    const place = h('div');
    const draw = () => reading(place, async () => {
      const { items } = await get(path`/webhooks/${webhook.id}/deliveries`, { limit: 50 });
      const table = new LiveTable({
        caption: t('webhooks.deliveries'), key: (d) => d.id, name: (d) => String(d.id), empty: () => h('p.mute', null, t('webhooks.deliveries.none')),
        columns: [
          { id: 'at', label: t('col.time'), head: true, cell: (d) => timeMark(d.at) }, { id: 'ended', label: t('col.answer'), cell: outcome },
          { id: 'events', label: t('webhooks.events'), num: true, cell: (d) => number(d.events) }, { id: 'why', label: t('walk.reason'), wide: true, cut: true, cell: (d) => d.why ?? none },
          { id: 'ago', label: t('col.ago'), calm: true, cell: (d) => ago(d.at) },
          { id: 'again', label: t('partners.redeliver'), hush: true, calm: true, sig: () => 'again', cell: (d) => (d.last_seq ? h('button', { type: 'button', on: { click: () => post(path`/webhooks/${webhook.id}/deliveries/${d.id}/redeliver`, {}).then(() => { announce(t('webhooks.again')); setTimeout(draw, 2000); }) } }, t('partners.redeliver')) : none) },
        ],
      });
      table.show(items);
      fill(place, table.element, h('div.buttons', null, csvButton(path`/webhooks/${webhook.id}/deliveries`)));
    });
    draw();
    return place;
  }, { cls: 'wide' });
}
