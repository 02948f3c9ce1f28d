// Finds the words for a key in the reader's language; `{n}` takes a number and chooses the plural.

export const languages = ['en', 'de', 'nl', 'fr'];
const shelf = 'ostler.language';
const words = {};
let rules = new Intl.PluralRules('en');

/// The language of the texts, and the locale for numbers and dates: the reader's own region of that language if any.
export let language = 'en';
export let locale = 'en';

/// Loads the words of the chosen language that the first screen says.
export async function loadWords() {
  const wished = [chosen(), ...(navigator.languages ?? ['en'])].filter(Boolean);
  language = wished.map((tag) => tag.split('-')[0]).find((tag) => languages.includes(tag)) ?? 'en';
  locale = wished.find((tag) => tag.split('-')[0] === language) ?? language;
  rules = new Intl.PluralRules(locale);
  document.documentElement.lang = locale;
  await loadPart('first');
}

/// Loads one part of the words: `first`, `entry` (what the way in says), or `other` (all but the first).
export async function loadPart(part) {
  const path = `/i18n/${language}/${part}.json`;
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  Object.assign(words, await answer.json());
}

/// What the reader chose instead of the browser's wish, in the browser's region of that language if there is one.
function chosen() {
  let language = null;
  try { language = localStorage.getItem(shelf); } catch { /* The browser's wish counts. */ }
  if (!languages.includes(language)) return null;
  return navigator.languages?.find((tag) => tag.split('-')[0] === language) ?? language;
}

/// Keeps the reader's choice; it counts from the next load on.
export function chooseLanguage(name) {
  try { localStorage.setItem(shelf, name); } catch { /* It cannot be kept. */ }
}

/// Whether there are words for a key.
export function has(key) { return key in words; }

/// The words for a key, with its `{names}` filled in.
export function t(key, values = {}) {
  return find(key, values).replace(/\{(\w+)\}/g, (_, name) => written(values[name]));
}

/// The same with elements among the values: a list of texts and nodes.
export function tr(key, values) {
  return find(key, values).split(/\{(\w+)\}/).map((part, i) => {
    if (i % 2 === 0) return part;
    return values[part] instanceof Node ? values[part] : written(values[part]);
  });
}

/// The words for one of a family, such as `state.charging`; a word that nobody translated yet is shown as it came.
export function word(family, name) {
  const key = `${family}.${name}`;
  return words[key] ?? String(name).replaceAll('_', ' ');
}

function find(key, values) {
  if (key in words) return words[key];
  if (typeof values.n === 'number') {
    return words[`${key}.${rules.select(values.n)}`] ?? words[`${key}.other`] ?? key;
  }
  return key;
}

function written(value) {
  if (typeof value === 'number') return value.toLocaleString(locale);
  return value === undefined || value === null ? '' : String(value);
}
