// The keyboard: `/` filters, g and a letter goes, j and k walk the rows, x selects, `.` opens the actions, `?` explains.

import { later } from './rest.js';

let going = 0;
let places = {};
let jump = () => {};

/// Begins to listen. `where` maps a letter to a path; `openJump` opens the jump box.
export function listenToKeys(where, openJump) {
  [places, jump] = [where, openJump];
  document.addEventListener('keydown', heard);
}

function heard(event) {
  if (event.defaultPrevented || event.isComposing) return;
  const key = event.key;
  if ((event.ctrlKey || event.metaKey) && key.toLowerCase() === 'k') return act(event, jump);
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
  const typing = event.target.closest?.('input, textarea, select, [contenteditable]');
  if (typing) return inField(event, typing);
  if (going && Date.now() - going < 1500 && places[key]) {
    going = 0;
    return act(event, () => go(places[key]));
  }
  going = key === 'g' ? Date.now() : 0;
  if (key === 'g') return;
  if (key === '/') return act(event, () => document.querySelector('main [data-filter]')?.focus());
  if (key === '?') return act(event, showSheet);
  if (key === 'j' || key === 'k') return act(event, () => walk(key === 'j' ? 1 : -1));
  const line = event.target.closest?.('tr[tabindex]');
  if (key === 'Enter' && line === event.target) return act(
    event, () => line.dispatchEvent(new CustomEvent('open-row', { bubbles: true }))
  );
  if (key === 'x' && line) return act(event, () => line.querySelector('.pick')?.click());
  if (key === '.') return act(event, () => menu(line));
}

function act(event, work) {
  event.preventDefault();
  work();
}

function inField(event, field) {
  if (!field.matches('[data-filter]')) return;
  if (event.key === 'Enter' || event.key === 'ArrowDown') {
    act(event, () => rows()[0]?.focus());
  } else if (event.key === 'Escape') {
    act(event, () => {
      if (field.value) {
        field.value = '';
        field.dispatchEvent(new Event('input', { bubbles: true }));
      } else {
        field.blur();
      }
    });
  }
}

/// The rows of the table that the filter is for; without a filter, of the first one that has any.
function rows() {
  const filter = document.querySelector('main [data-filter]');
  const bodies = [...document.querySelectorAll('main table[data-rows] tbody')].filter(
    (body) => body.rows.length && body.offsetParent
  );
  const after = bodies.find(
    (body) => filter && filter.compareDocumentPosition(body) & Node.DOCUMENT_POSITION_FOLLOWING
  );
  return [...((after ?? bodies[0])?.rows ?? [])];
}

function walk(way) {
  const here = document.activeElement?.closest?.('tr[tabindex]');
  const all = here ? [...here.parentElement.rows] : rows();
  const next = here ? all[all.indexOf(here) + way] : all[way > 0 ? 0 : all.length - 1];
  next?.focus();
  next?.scrollIntoView({ block: 'nearest' });
}

async function menu(line) {
  if (line) return line.dispatchEvent(new CustomEvent('row-menu', { bubbles: true }));
  const holder = document.querySelector('main [data-actions]');
  const actions = holder?.actions?.() ?? [];
  if (actions.length) (await later('menu')).openMenu(holder, actions, holder.dataset.actions);
}

/// Goes to a path of this page.
export function go(href) { window.dispatchEvent(new CustomEvent('go', { detail: href })); }

/// The sheet of keys.
export async function showSheet() { (await later('key-sheet')).showSheet(places); }
