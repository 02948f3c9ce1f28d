// Asks and shows in a <dialog>: forms that keep what was typed when something goes wrong, confirmations, secrets.

import { get, Problem } from './api.js';
import { announce, copyText, fill, h, visible } from './dom.js';
import { readFields, fieldRow, pointAt } from './forms.js';
import { t } from './i18n.js';

/// Opens a dialog with a title and content; resolves when it is closed. `build(close)` gives the content.
export function dialog(name, build, { cls = '', onClose } = {}) {
  const title = name.replace(/…$/, '');
  const heading = h('h2', { tabindex: '-1' }, title);
  const box = h('dialog', { class: cls, 'aria-label': title });
  const close = () => box.close();
  box.append(h('div.dialog-head', null, heading,
    h('button.quiet', { type: 'button', 'aria-label': t('dialog.close'), on: { click: close } }, '✕')));
  box.append(h('div.dialog-body', null, build(close, box)));
  document.body.append(box);
  const back = document.activeElement;
  box.addEventListener('close', () => {
    box.remove();
    onClose?.();
    if (back?.isConnected) back.focus();
  });
  box.addEventListener('click', (event) => { if (event.target === box && cls.includes('sheet')) close(); });
  box.showModal();
  (
    box.querySelector('[data-first]') ?? box.querySelector('input:not([type=hidden]), select, textarea') ?? heading
  ).focus();
  return box;
}

/// A form in a dialog. `send(values)` does it; what it throws is shown in place. With `fresh()` a change by somebody else is
/// shown beside what was typed: it gives `{ values, item }` as they are now.
export function formDialog({ title, intro, fields, submit, danger, cls, send, fresh, done, after }) {
  return dialog(title, (close) => form({ intro, fields, submit, danger, send, fresh, after, cancel: close, done: (value) => {
    close();
    done?.(value);
  } }), { cls });
}

/// The form itself, for a dialog or a page.
export function form({ intro, fields, submit, danger, send, fresh, done, cancel, after, inline }) {
  const trouble = h('div.trouble', { hidden: true, tabindex: '-1' });
  // What asked for more has asked now.
  const button = h('button', { type: 'submit', class: danger ? 'danger' : 'primary' }, submit.replace(/…$/, ''));
  const rows = fields.map((field) => (field instanceof Node ? field : fieldRow(field)));
  const element = h('form', {
    class: inline ? 'form inline' : 'form', novalidate: true,
  }, intro && h('p', null, intro), trouble, rows, after,
    h(
      'div.buttons', null, button, cancel && h('button', { type: 'button', on: { click: cancel } }, t('dialog.cancel'))
    ));
  const known = fields.filter((field) => !(field instanceof Node));
  element.addEventListener('submit', async (event) => {
    event.preventDefault();
    trouble.hidden = true;
    for (const input of element.querySelectorAll('[aria-invalid]')) input.removeAttribute('aria-invalid');
    const missing = [...element.elements].find((input) => input.willValidate && !input.checkValidity());
    if (missing) {
      missing.setAttribute('aria-invalid', 'true');
      const wrong = known.find((field) => field.name === missing.name)?.wrong;
      showTrouble(trouble, t('form.check'), [missing.validity.patternMismatch && wrong ? wrong : missing.validationMessage]);
      missing.focus();
      return;
    }
    button.disabled = true;
    element.setAttribute('aria-busy', 'true');
    try {
      const value = await send(readFields(element, known), element);
      done?.(value);
    } catch (problem) {
      if (problem.word === 'stale' && fresh) await showDifference(trouble, element, known, fresh);
      else showProblem(trouble, problem);
      pointAt(element, problem);
    } finally {
      button.disabled = false;
      element.removeAttribute('aria-busy');
    }
  });
  return element;
}

async function showDifference(trouble, element, fields, fresh) {
  const typed = readFields(element, fields);
  const { values } = await fresh();
  const rows = fields.filter(({ name }) => String(values[name] ?? '') !== String(typed[name] ?? ''))
    .map(({ name, label }) => t('form.stale.row', {
      label, theirs: String(values[name] ?? '–'), yours: String(typed[name] ?? '–'),
    }));
  showTrouble(trouble, t('form.stale'), rows.length ? rows : [t('form.stale.same')]);
}

function showTrouble(trouble, title, lines) {
  fill(trouble, h('strong', null, title), lines.filter(Boolean).map((line) => h('div', null, line)));
  trouble.hidden = false;
  announce([title, ...lines].join(' '));
}

/// What, why and what to do, of a problem.
export function showProblem(place, problem) {
  if (!problem.title) console.error(problem);
  const hint = t(`problem.${problem.word}`);
  showTrouble(place, problem.title ?? t('error.untitled', { status: '' }),
    [problem.detail ?? problem.message, hint.startsWith('problem.') ? null : hint]);
}

/// Asks before something that cannot be undone; `type` must be typed to go on.
export function confirmDialog({ title, text, submit, type, send, done }) {
  return formDialog({
    title, intro: text, submit, danger: true, send, done,
    fields: type ? [typedField(type)] : [],
  });
}

/// A field in which the name of what is at stake must be typed, as it is shown: marks that nobody can type are spelt out.
export function typedField(type) {
  const shown = [...new Set([type.trim(), visible(type).trim()])].map(escape).join('|');
  return {
    name: 'typed', label: t('confirm.type', { type }), required: true, pattern: `\\s*(?:${shown})\\s*`, autocomplete: 'off', mono: true,
    wrong: t('confirm.wrong', { type }),
  };
}

// A pattern is read in Unicode mode, where a hyphen must not be escaped: one that cannot be read would let anything pass.
function escape(text) { return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'); }

/// Shows a secret this once.
export function secretDialog({ title, text, secrets, done }) {
  return dialog(title, (close) => [
    h('p', null, text),
    secrets.map(({ label, value }) => copyBox(label, value)),
    h('p.warn', null, t('secret.once')),
    h(
      'div.buttons', null,
      h('button.primary', { type: 'button', data: { first: '' }, on: { click: close } }, t('secret.kept'))
    ),
  ], { onClose: done });
}

/// A value with a button that copies it.
export function copyBox(label, value) {
  const button = h('button', { type: 'button', 'aria-label': t('copy.of', { label }) }, t('copy'));
  button.addEventListener('click', async () => {
    const done = await copyText(value);
    button.textContent = done ? t('copied') : t('copy.failed');
    announce(button.textContent);
    setTimeout(() => { button.textContent = t('copy'); }, 2000);
  });
  return h('div.copy', null, h('span.label', null, label), h('code', { tabindex: '0' }, value), button);
}

/// Text as it came, such as JSON, with a button that copies it.
export function codeBlock(text) {
  const button = h('button', { type: 'button' }, t('copy'));
  button.addEventListener('click', async () => {
    button.textContent = await copyText(text) ? t('copied') : t('copy.failed');
    setTimeout(() => { button.textContent = t('copy'); }, 2000);
  });
  return h('div.code', null, button, h('pre', { tabindex: '0' }, text));
}

const retrySeconds = 5;   // Between two looks whether what could not be read can be read by now.

/// An error in the place of a screen or a part of one. `again()` reads it anew: when somebody asks for it, and by itself once the
/// daemon, which failed or did not answer, gives what was wanted.
export function problemBox(problem, again) {
  const box = h('div.trouble', { role: 'alert' });
  showProblem(box, problem);
  if (again) {
    const retry = async () => {
      box.ariaBusy = 'true';
      await again();
      box.ariaBusy = null;
    };
    box.append(h('div.buttons', null, h('button', { type: 'button', on: { click: retry } }, t('error.again'))));
    if (problem.url && passes(problem)) awaitRecovery(box, problem.url, again);
  }
  return box;
}

const passes = ({ status }) => status === 0 || status >= 500;

function awaitRecovery(box, url, again) {
  setTimeout(async () => {
    const isBusy = document.hidden || [...document.querySelectorAll('dialog[open]')].some((one) => !one.contains(box));
    const isOver = box.isConnected && !isBusy && await get(url).then(() => true, (problem) => !passes(problem));
    if (!box.isConnected) return;
    if (isOver) again(); else awaitRecovery(box, url, again);
  }, retrySeconds * 1000);
}

const calmMilliseconds = 400;   // What comes sooner needs no word.

/// Reads what belongs into a place, which says so where it takes long. What goes wrong stands below the place's heading, before
/// what is there already, until it can be read. `read()` gives false where another read has overtaken it.
export async function reading(place, read, signal) {
  const part = (selector) => place.querySelector(`:scope > ${selector}`);
  const slow = setTimeout(() => {
    if (!part(':not(h2, h3)')) place.append(h('p.mute.loading', null, t('shell.loading')));
  }, calmMilliseconds);
  try {
    if (await read() !== false) part('.trouble')?.remove();
  } catch (problem) {
    if (signal?.aborted) return;
    const box = problemBox(problem, () => reading(place, read, signal));
    const old = part('.trouble');
    // What is asked for again and again says the same once.
    if (old?.textContent === box.textContent) return;
    old?.remove();
    // What shows nothing while it has nothing has this now.
    (place.closest('section[hidden]') ?? place).hidden = false;
    const heading = part(':is(h2, h3, .section-head)');
    if (heading) heading.after(box); else place.prepend(box);
  } finally {
    clearTimeout(slow);
    part('.loading')?.remove();
  }
}

/// What was refused to somebody who pressed a button or chose from a menu that tells of nothing else: said where they are,
/// until they have read it.
window.addEventListener('unhandledrejection', (event) => {
  if (!(event.reason instanceof Problem)) return;
  event.preventDefault();
  document.querySelector('.refusal')?.remove();
  const box = problemBox(event.reason);
  box.classList.add('refusal');
  box.popover = 'manual';
  box.append(h('div.buttons', null, h('button', { type: 'button', on: { click: () => box.remove() } }, t('dialog.close'))));
  ([...document.querySelectorAll('dialog[open]')].at(-1) ?? document.getElementById('main') ?? document.body).append(box);
  if (box.isConnected) box.showPopover();
});
