// Everything that a station can be asked, as the served document describes it: for what no screen has a place of its own.

import { get } from '../api.js';
import { command } from '../commands.js';
import { formDialog, typedField } from '../dialog.js';
import { h } from '../dom.js';
import { given } from '../forms.js';
import { t, word } from '../i18n.js';
import { doButton } from '../lists.js';

export function anythingSection(station) {
  return h('section', null, h('div.section-head', null, h('h2', null, t('anything.title')),
    h('div.buttons', null, doButton(t('anything.choose'), () => choose(station)))), h('p.mute', null, t('anything.text')));
}

async function choose(station) {
  const root = await get('/openapi.json');
  const resolve = (value) => (value.$ref ? resolve(value.$ref.split('/').slice(1).reduce((at, part) => at[part], root)) : { ...value, ...value.allOf?.reduce((all, part) => ({ ...resolve(part), ...all }), {}) });
  const body = root.paths['/stations/{id}/commands/{verb}'].post.requestBody.content['application/json'].schema;
  const verbs = Object.fromEntries(body.oneOf.map(resolve).map((schema) => [schema.title, schema]));
  formDialog({
    title: t('anything.title'), submit: t('anything.choose'),
    fields: [{
      name: 'verb', label: t('col.command'), type: 'select', required: true,
      options: Object.keys(verbs).map((value) => ({ value, label: word('verb', value) })).sort((a, b) => a.label.localeCompare(b.label)),
    }],
    send: async ({ verb }) => verb,
    done: (verb) => fillIn(station, verbs[verb], resolve),
  });
}

/// The fields of one command. What is no single value is written as JSON. Some cannot be undone, and here all look alike.
function fillIn(station, { title: verb, description, properties, required = [] }, resolve) {
  const parsed = [];
  const fields = Object.entries(properties).map(([name, value]) => {
    const schema = resolve(value);
    const field = { name, label: name, mono: true, required: required.includes(name), hint: value.description };
    if (schema.enum) return { ...field, type: 'select', options: [...(field.required ? [] : [{ value: '', label: '' }]), ...schema.enum.map((one) => ({ value: one, label: one }))] };
    switch ([schema.type].flat()[0]) {
      case 'string': return field;
      case 'integer': return { ...field, type: 'number' };
      case 'boolean': return { ...field, type: 'check', required: false };
      default:
        parsed.push(name);
        return { ...field, type: 'area', rows: 3, hint: [value.description, 'JSON'].filter(Boolean).join(' ') };
    }
  });
  formDialog({
    title: `${word('verb', verb)}: ${station.id}`, intro: description, submit: t('raw.send'), fields: [...fields, typedField(station.id)],
    async send({ typed, ...values }) {
      for (const name of parsed.filter((one) => values[one])) {
        try { values[name] = JSON.parse(values[name]); } catch (error) {
          throw Object.assign(new Error(error.message), { title: t('raw.not_json'), field: name, word: 'form' });
        }
      }
      command(station.id, verb, given(values));
    },
  });
}
