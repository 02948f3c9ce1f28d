// Builds elements from data, as text only: nothing that a station or a partner wrote is ever read as HTML.

const SVG = 'http://www.w3.org/2000/svg';
const properties = new Set(['value', 'checked', 'disabled', 'selected', 'indeterminate', 'tabIndex']);

/// An element: `h('p.mute', { id: 'x', on: { click } }, 'text', child)`.
export function h(tag, props, ...children) {
  const [name, ...classes] = tag.split('.');
  const element = document.createElement(name);
  if (classes.length) element.className = classes.join(' ');
  for (const [key, value] of Object.entries(props ?? {})) set(element, key, value);
  put(element, ...children);
  return element;
}

function set(element, key, value) {
  if (value === undefined || value === null || value === false) {
    if (properties.has(key)) element[key] = value ?? '';
    return;
  }
  if (key === 'on') {
    for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
  } else if (key === 'class') {
    element.classList.add(...String(value).split(' ').filter(Boolean));
  } else if (key === 'data') {
    Object.assign(element.dataset, value);
  } else if (properties.has(key)) {
    element[key] = value;
  } else if (key === 'href') {
    // A link leads to this host only; whatever else a record holds is shown, never followed.
    if (/^(\/(?![/\\])|#)/.test(value)) element.setAttribute('href', value);
  } else {
    element.setAttribute(key, value === true ? '' : String(value));
  }
}

/// Adds children: nodes, texts, numbers, arrays of them; null and false add nothing.
export function put(element, ...children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : visible(String(child)));
  }
  return element;
}

/// Replaces all children.
export function fill(element, ...children) {
  element.replaceChildren();
  return put(element, ...children);
}

// Marks that turn the direction of what follows, and control characters, are spelt out: a station's name must not be able
// to rewrite the line that it stands in.
const hidden = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

export function visible(text) {
  return text.replace(hidden, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/// An inline drawing on a 16 by 16 grid; `parts` are [element, attributes] pairs. It is never the only carrier of a meaning.
export function drawing(parts, cls = 'icon') {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('class', cls);
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('focusable', 'false');
  for (const [name, attributes] of parts) svg.append(shape(name, attributes));
  return svg;
}

/// Ours.
export function brandMark() {
  return drawing([
    ['rect', { width: 16, height: 16, rx: 3, class: 'brand-ground' }],
    ['path', { d: 'M9.2 2.500 4.500 9h3l-.7 4.500L11.500 7h-3z', class: 'brand-bolt' }],
  ]);
}

export function shape(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(key, String(value));
  }
  put(element, ...children);
  return element;
}

/// A path of this page with its parts percent-encoded: path`/stations/${id}`.
export function path(strings, ...values) {
  return strings.reduce((all, text, i) => all + encodeURIComponent(String(values[i - 1])) + text);
}

/// A query string of what is set: `{ q: 'a', state: null }` is `?q=a`.
export function query(values) {
  const parts = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) {
    if (value !== null && value !== undefined && value !== '' && value !== false) parts.set(key, String(value));
  }
  const text = parts.toString();
  return text ? `?${text}` : '';
}

/// Says something to those who listen instead of look.
export function announce(text) {
  const status = document.getElementById('status');
  if (status && status.textContent !== text) status.textContent = visible(text);
}

/// Calls `work` once the calls have ceased for `milliseconds`.
export function settled(milliseconds, work) {
  let timer;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...values), milliseconds);
  };
}

let count = 0;
/// An id for a label and its field.
export function freshID(prefix = 'f') {
  count += 1;
  return `${prefix}${count}`;
}

/// Random hexadecimal digits; `crypto.randomUUID` is missing on a plain page off loopback.
export function randomHex(bytes = 16) {
  return [...crypto.getRandomValues(new Uint8Array(bytes))].map((b) => b.toString(16).padStart(2, '0')).join('');
}

/// Puts a text on the clipboard; off loopback without TLS the browser offers only the old way.
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch { /* Not allowed or not there: the old way follows. */ }
  const area = h('textarea.out-of-sight', { readonly: true, 'aria-hidden': 'true' });
  area.value = text;
  (document.querySelector('dialog[open]') ?? document.body).append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  return done;
}
