// The API for people: every operation as the served document describes it, and a way to try each from here, as whoever is
// logged in.

import { get, trial } from '../api.js';
import { codeBlock, problemBox } from '../dialog.js';
import { fill, freshID, h } from '../dom.js';
import { number } from '../format.js';
import { t } from '../i18n.js';

const methods = ['get', 'post', 'put', 'patch', 'delete'];
// Streams never end.
const untried = ['followEvents', 'followDrive'];

export async function drawDocument(place, signal) {
  const root = await get('/openapi.json', {}, { signal });
  const resolve = (value) => (value?.$ref ? resolve(value.$ref.split('/').slice(1).reduce((at, part) => at?.[part], root)) : value);
  const operations = Object.entries(root.paths).filter(([, item]) => !item.servers).flatMap(([url, item]) => methods.filter((m) => item[m]).map((method) => ({
    url, method, ...item[method], parameters: [...(item.parameters ?? []), ...(item[method].parameters ?? [])].map(resolve),
  })));
  const list = h('div');
  const draw = (text) => {
    const words = text.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const found = operations.filter((o) => words.every((word) => `${o.method} ${o.url} ${o.operationId} ${o.summary}`.toLowerCase().includes(word)));
    fill(list, h('p.mute', { role: 'status' }, t('api.count', { n: number(found.length) })), root.tags.map(({ name }) => {
      const own = found.filter((o) => o.tags?.[0] === name);
      return own.length > 0 && h('section', null, h('h3', null, name), own.map((o) => operation(o, root, resolve)));
    }));
  };
  const id = freshID();
  fill(place, h('section', null, h('h2', null, t('api.title')), h('p.mute', null, coded(root.info.description)),
    h('p', null, h('a', { href: '/api/v1/openapi.json' }, t('settings.api.document'))),
    h('div.field', null, h('label', { for: id }, t('api.filter')), h('input', { id, type: 'search', data: { filter: '' }, 'aria-keyshortcuts': '/', on: { input: (event) => draw(event.target.value) } })), list));
  draw('');
}

/// A text of the document, what stands in backticks as code.
function coded(text = '') { return text.split('\x60').map((part, i) => (i % 2 ? h('code', null, part) : part)); }

function operation(o, root, resolve) {
  const place = h('div');
  let isDrawn = false;
  return h('details.operation', {
    on: { toggle: () => {
      if (isDrawn) return;
      isDrawn = true;
      fill(place, detail(o, root, resolve));
    } },
  }, h('summary', null, h('code', null, `${o.method.toUpperCase()} `, o.url.split('/').slice(1).flatMap((part) => ['/', part, h('wbr')])), ' ', coded(o.summary)), place);
}

function detail(o, root, resolve) {
  const content = resolve(o.requestBody)?.content?.['application/json'];
  const inputs = o.parameters.filter((p) => p.in !== 'header').map((p) => ({ ...p, id: freshID() }));
  const bodyID = freshID();
  const example = content && JSON.stringify(sample(content.schema, resolve, 0), null, 2);
  const answer = h('div', { 'aria-live': 'polite' });
  const form = h('form.form', {
    novalidate: true, on: { submit: async (event) => {
      event.preventDefault();
      try {
        fill(answer, shown(await trial(o.method.toUpperCase(), address(o, inputs, form), form.querySelector('textarea')?.value.trim())));
      } catch (problem) {
        fill(answer, problemBox(problem));
      }
    } },
  },
  inputs.map((p) => h('div.field', null, h('label', { for: p.id }, `${p.name} `, h('span.optional', null, p.in === 'path' ? '' : t('form.optional'))),
    h('input', { id: p.id, type: 'text', class: 'mono', 'aria-describedby': `${p.id}h`, placeholder: resolve(p.schema)?.enum?.join(' | ') }), h('div.hint', { id: `${p.id}h` }, coded(p.description)))),
  content && h('div.field', null, h('label', { for: bodyID }, t('api.body')), h('textarea', { id: bodyID, class: 'mono', rows: 8, spellcheck: 'false', value: example })),
  !untried.includes(o.operationId) && h('div.buttons', null, h('button', { type: 'submit' }, t(o.method === 'get' ? 'api.try' : 'api.try.change'))), answer);
  return [o.description && h('p', null, coded(o.description)), h('ul', null, Object.entries(o.responses).map(([status, value]) => h('li', null, h('code', null, status), ` ${resolve(value).description}`))), form];
}

function address(o, inputs, form) {
  const value = (p) => form.querySelector(`#${p.id}`).value.trim();
  const url = inputs.filter((p) => p.in === 'path').reduce((text, p) => text.replace(`{${p.name}}`, encodeURIComponent(value(p))), o.url);
  const query = new URLSearchParams(inputs.filter((p) => p.in === 'query' && value(p)).map((p) => [p.name, value(p)])).toString();
  return query ? `${url}?${query}` : url;
}

function shown({ status, type, text, milliseconds }) {
  const isText = /json|text|csv|xml/.test(type);
  let body = isText ? text : t('api.bytes', { n: number(text.length), type });
  if (/json/.test(type)) {
    try { body = JSON.stringify(JSON.parse(text), null, 2); } catch { /* As it came. */ }
  }
  return [h('p', null, h('strong', null, String(status)), ` · ${number(milliseconds)} ms`), body && codeBlock(body.slice(0, 20_000))];
}

/// A body of the right shape, from what the document says of each field.
function sample(schema, resolve, depth) {
  const s = resolve(schema) ?? {};
  if (s.examples?.length) return s.examples[0];
  if (s.default !== undefined) return s.default;
  if (s.enum) return s.enum[0];
  if (s.oneOf) return sample(s.oneOf[0], resolve, depth);
  const parts = [s, ...(s.allOf ?? []).map(resolve)];
  const type = [s.type].flat()[0] ?? (parts.some((p) => p.properties) ? 'object' : undefined);
  if (type === 'object') {
    const wanted = parts.flatMap((p) => p.required ?? []);
    const all = Object.assign({}, ...parts.map((p) => p.properties ?? {}));
    return Object.fromEntries(Object.entries(all).filter(([name]) => depth < 1 ? wanted.length === 0 || wanted.includes(name) : wanted.includes(name)).map(([name, value]) => [name, sample(value, resolve, depth + 1)]));
  }
  if (type === 'array') return depth > 2 ? [] : [sample(s.items, resolve, depth + 1)];
  return { integer: s.minimum ?? 0, number: 0, boolean: false, string: '' }[type] ?? null;
}
