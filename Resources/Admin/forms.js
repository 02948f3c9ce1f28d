// Fields of forms: how each is drawn, read, and pointed at when the daemon finds it wrong.

import { freshID, h } from './dom.js';
import { t } from './i18n.js';

/// A field `{ name, label, type?, value?, hint?, required?, options?, pattern?, wrong?, min?, max?, list?, mono?, disabled? }`;
/// `wrong` is said of a value that the pattern does not fit.
/// Types: `text`, `password`, `number`, `decimal`, `select`, `check`, `area`, `datetime-local`, `month`, `time`, `date`.
export function fieldRow(field) {
  const id = freshID();
  const hint = field.hint ? h('div.hint', { id: `${id}h` }, field.hint) : null;
  const input = draw(field, id, hint && `${id}h`);
  if (field.type === 'check') {
    return h(
      'div.field.check', { class: field.cls }, h('label', { for: id }, input, h('span', null, field.label)), hint
    );
  }
  const label = h(
    'label', { for: id }, field.label,
    field.required ? '' : h('span.optional', null, ` ${field.optional ?? t('form.optional')}`)
  );
  const list = field.list ? h(
    'datalist', { id: `${id}l` }, field.list.map((o) => h('option', { value: o.value }, o.label ?? ''))
  ) : null;
  if (list) input.setAttribute('list', `${id}l`);
  return h('div.field', { class: field.cls }, label, input, list, hint);
}

function draw(field, id, hint) {
  const common = {
    id, name: field.name, required: field.required, disabled: field.disabled, 'aria-describedby': hint,
    class: field.mono ? 'mono' : '', on: field.on, data: field.first ? { first: '' } : {},
  };
  switch (field.type) {
    case 'select': return select(asItIs(field), common);
    case 'check': return h('input', { ...common, type: 'checkbox', checked: Boolean(field.value) });
    case 'area': return h('textarea', {
      ...common, rows: field.rows ?? 6, spellcheck: 'false', value: field.value ?? '',
    });
    case 'decimal': return h('input', {
      ...common, type: 'text', inputmode: 'decimal', pattern: field.pattern ?? '-?[0-9]+([.,][0-9]+)?', value: field.value ?? '',
    });
    default: return h('input', {
      ...common, type: field.type ?? 'text', value: field.value ?? '', pattern: field.pattern, min: field.min, max: field.max,
      minlength: field.minlength, maxlength: field.maxlength, placeholder: field.placeholder,
      autocomplete: field.autocomplete ?? 'off', spellcheck: 'false', autocapitalize: 'off',
    });
  }
}

/// A field that also offers what is so, where the page has no word for it: else a form would change what nobody changed.
function asItIs(field) {
  const value = String(field.value ?? '');
  if (value === '' || field.options.some((option) => String(option.value ?? '') === value)) return field;
  return { ...field, options: [{ value, label: value }, ...field.options] };
}

function select(field, common) {
  const element = h(
    'select', common, field.options.map((option) => h('option', { value: option.value ?? '' }, option.label))
  );
  element.value = field.value ?? '';
  if (element.selectedIndex < 0) element.selectedIndex = 0;
  return element;
}

/// What was entered, by name: numbers as numbers, decimals as text with a point, an empty field as null.
export function readFields(element, fields) {
  const values = {};
  for (const { name, type } of fields) {
    // By name alone: a field may be called `length`, as every collection has one.
    const input = element.elements.namedItem(name);
    if (!input) continue;
    const text = input.value.trim();
    if (type === 'check') values[name] = input.checked;
    else if (text === '') values[name] = null;
    else if (type === 'number') values[name] = Number(text);
    else if (type === 'decimal') values[name] = text.replace(',', '.');
    else values[name] = type === 'password' ? input.value : text;
  }
  return values;
}

/// Marks the field that a problem names and moves there.
export function pointAt(element, problem) {
  const name = (problem.field ?? '').replace(/^[$./]+/, '');
  const input = name && (element.elements.namedItem(name) ?? element.elements.namedItem(name.split(/[.[]/)[0]));
  if (!input?.focus) return;
  input.setAttribute('aria-invalid', 'true');
  input.focus();
}

/// Leaves out what is null, for requests in which absent means the house's default.
export function given(values) {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null && value !== undefined));
}

/// What differs from `before`, for a patch.
export function changes(values, before) {
  return Object.fromEntries(Object.entries(values).filter(([key, value]) => (before[key] ?? null) !== (value ?? null)));
}

/// The filter line above a table. `fields` are `{ name, label, type: 'search'|'select'|'check'|'month', options?, value }`; `change(values)`
/// hears what is set. The search field is the one that `/` leads to.
export function filterBar(fields, change, ...more) {
  const bar = h('div.filters', { role: 'search' });
  const read = () => Object.fromEntries(fields.map(({ name, type }) => {
    const input = bar.querySelector(`[name="${name}"]`);
    return [name, type === 'check' ? input.checked : input.value.trim()];
  }));
  for (const field of fields) {
    const id = freshID();
    const tell = () => change(read(), field.name);
    if (field.type === 'select') {
      const element = select(field, { id, name: field.name, 'aria-label': field.label, on: { change: tell } });
      bar.append(element);
    } else if (field.type === 'check') {
      bar.append(h('label.chip', null,
        h('input', {
          id, name: field.name, type: 'checkbox', checked: field.value, on: { change: tell },
        }), field.label));
    } else {
      const input = h('input', {
        id, name: field.name, type: field.type === 'search' ? 'search' : field.type, 'aria-label': field.label,
        placeholder: field.placeholder ?? field.label, value: field.value ?? '', autocomplete: 'off', spellcheck: 'false',
        size: field.size, data: field.type === 'search' ? { filter: '' } : {}, 'aria-keyshortcuts': field.type === 'search' ? '/' : null,
        on: { [field.type === 'search' ? 'input' : 'change']: tell },
      });
      // A date shows no placeholder.
      bar.append(field.type === 'date' ? h('label.chip', null, field.label, input) : input);
    }
  }
  bar.append(...more.filter(Boolean));
  bar.values = read;
  return bar;
}
