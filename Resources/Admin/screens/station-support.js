// What support needs beside the books of a station: its preset, a second central system that listens, and the raw call.

import { commandKey, get, patch, post } from '../api.js';
import { codeBlock, form, problemBox } from '../dialog.js';
import { fill, h, path } from '../dom.js';
import { none, number, seconds } from '../format.js';
import { given } from '../forms.js';
import { t, word } from '../i18n.js';
import { doButton, facts } from '../lists.js';
import { mark } from '../states.js';

/// Sections for the set-up of a station; `take` hears of it as it is after a change.
export function supportSections(station, take) {
  return [presetSection(station, take), forwardSection(station, take), rawSection(station)];
}

function presetSection(station, take) {
  const { preset } = station;
  const ignores = station.quirks?.ignores_presets ?? false;
  const flip = () => patch(path`/stations/${station.id}`, { quirks: { ignores_presets: ignores ? null : true } }, { match: station }).then(take);
  const round = (which) => post(path`/stations/${station.id}/settings/${which}`, {}, { seconds: 120 });
  const said = h('p.mute');
  const run = (which) => doButton(t(`support.settings.${which}`), async () => {
    const { done, refused } = await round(which);
    fill(said, t('support.settings.done', { n: done }), refused.length ? ` ${t('support.settings.refused', { keys: refused.join(', ') })}` : '');
  });
  return h('section', null, h('div.section-head', null, h('h2', null, t('support.preset')), h('div.buttons', null,
    doButton(t(ignores ? 'support.preset.take' : 'support.preset.leave'), flip), run('read'), run('write'))),
  preset ? facts([t('support.preset.name'), preset.name], [t('support.preset.why'), preset.because], [t('support.preset.does'), h('code', null, JSON.stringify(preset.quirks))])
    : h('p.mute', null, t(ignores ? 'support.preset.ignored' : 'support.preset.none')),
  h('details', null, h('summary', null, t('support.needs')), codeBlock(JSON.stringify(station.needs ?? {}, null, 2))), said);
}

function forwardSection(station, take) {
  const f = station.forwarding;
  const list = (text) => (text ? text.split(/[\s,]+/).filter(Boolean) : null);
  const stop = () => patch(path`/stations/${station.id}`, { forwarding: null }, { match: station }).then(take);
  return h('section', null, h('div.section-head', null, h('h2', null, t('forward.title')), f && h('div.buttons', null, doButton(t('forward.stop'), stop))),
    h('p.mute', null, t('forward.text')),
    f && facts([t('col.state'), f.state ? mark('follower', f.state, word('follower', f.state)) : t('forward.not_connected')], [t('walk.reason'), f.why],
      [t('forward.waiting'), f.waiting ? number(f.waiting) : null], [t('forward.dropped'), f.dropped ? number(f.dropped) : null]),
    form({
      submit: t(f ? 'save' : 'forward.begin'),
      fields: [
        { name: 'url', label: t('forward.url'), required: true, mono: true, value: f?.url, maxlength: 500, placeholder: 'wss://cs.example.com/ocpp/' },
        { name: 'identity', label: t('forward.identity'), mono: true, value: f?.identity, maxlength: 48, cls: 'half', optional: t('forward.identity.optional', { station: station.id }) },
        { name: 'password', label: t('field.basic'), type: 'password', maxlength: 64, cls: 'half', autocomplete: 'new-password', optional: f?.has_password ? t('forward.password.kept') : undefined },
        { name: 'actions', label: t('forward.actions'), mono: true, value: f?.actions?.join(' '), optional: t('forward.actions.all') },
        { name: 'may_call', label: t('forward.may_call'), mono: true, value: f?.may_call?.join(' '), optional: t('forward.may_call.none') },
        { name: 'allow_private', label: t('forward.private'), type: 'check', value: f?.allow_private },
        { name: 'paused', label: t('forward.paused'), type: 'check', value: f?.paused },
      ],
      send: ({ actions, may_call: mayCall, password, ...values }) => patch(path`/stations/${station.id}`, {
        forwarding: { ...values, actions: list(actions), may_call: list(mayCall), ...given({ password }) },
      }, { match: station }),
      done: take,
    }));
}

function rawSection(station) {
  const answer = h('div', { 'aria-live': 'polite' });
  return h('section', null, h('h2', null, t('raw.title')), h('p.mute', null, t('raw.text')), form({
    submit: t('raw.send'),
    fields: [
      { name: 'action', label: t('messages.action'), required: true, mono: true, maxlength: 64, list: station.calls.map((value) => ({ value })) },
      { name: 'payload', label: t('raw.payload'), type: 'area', mono: true, rows: 5, required: true, value: '{}' },
      { name: 'unchecked', label: t('raw.unchecked'), type: 'check', hint: t('raw.unchecked.hint') },
    ],
    async send({ action, payload, unchecked }) {
      let body;
      try { body = JSON.parse(payload); } catch (error) {
        throw Object.assign(new Error(error.message), { title: t('raw.not_json'), field: 'payload', word: 'form' });
      }
      fill(answer, h('p.mute', null, t('command.waiting')));
      const began = performance.now();
      try {
        const told = await post(path`/stations/${station.id}/ocpp/${action}` + (unchecked ? '?check=off' : ''), body, { key: commandKey(), seconds: 90 });
        fill(answer, h('h3', null, t('raw.answer', { after: seconds(performance.now() - began) })), codeBlock(JSON.stringify(told ?? {}, null, 2)));
      } catch (problem) {
        fill(answer, problemBox(problem));
      }
    },
  }), answer);
}

/// Compares what a station has with a template of settings.
export async function compareWith(station, template) {
  return (await get(path`/stations/${station.id}/settings/differences`, { template })).items.map((one) => ({ ...one, actual: one.actual ?? none }));
}
