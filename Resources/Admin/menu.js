// A small menu of actions at a row or button: arrows or a letter choose, Escape leaves.

import { h } from './dom.js';

let open = null;

/// Opens a menu at `anchor`. Actions are `{ label, key?, run, danger?, disabled?, why? }`; the letter of `key` chooses one.
export function openMenu(anchor, actions, name) {
  closeMenu();
  // What it hung on may have been drawn anew meanwhile.
  if (!anchor.isConnected) return;
  const items = actions.map((action) => h('button.item', {
    type: 'button', role: 'menuitem', tabindex: '-1', class: action.danger ? 'danger' : '',
    'aria-disabled': action.disabled ? 'true' : null, title: action.disabled ? action.why : null,
    'aria-keyshortcuts': action.key ?? null,
    on: { click: () => choose(action) },
  }, h('span', null, action.label), action.key && h('kbd', { 'aria-hidden': 'true' }, action.key.toUpperCase())));
  const menu = h('div.menu', { role: 'menu', 'aria-label': name, popover: 'manual' }, items);
  open = { menu, anchor, back: document.activeElement };
  (anchor.closest('dialog, main, [role=region]') ?? document.body).append(menu);
  menu.showPopover();
  place(menu, anchor);
  items.find((item) => !item.hasAttribute('aria-disabled'))?.focus();
  menu.addEventListener('keydown', (event) => {
    const at = items.indexOf(document.activeElement);
    if (event.key === 'ArrowDown') items[(at + 1) % items.length].focus();
    else if (event.key === 'ArrowUp') items[(at - 1 + items.length) % items.length].focus();
    else if (event.key === 'Home') items[0].focus();
    else if (event.key === 'End') items.at(-1).focus();
    else if (event.key === 'Escape' || event.key === 'Tab') closeMenu(true);
    else {
      const letter = event.ctrlKey || event.metaKey || event.altKey ? null : event.key.toLowerCase();
      const action = actions.find((a) => a.key && a.key === letter);
      if (!action) return;
      choose(action);
    }
    event.preventDefault();
    event.stopPropagation();
  });
}

function choose(action) {
  if (action.disabled) return;
  closeMenu(true);
  action.run();
}

function place(menu, anchor) {
  const at = anchor.getBoundingClientRect();
  const size = menu.getBoundingClientRect();
  const left = Math.max(8, Math.min(at.right - size.width, innerWidth - size.width - 8));
  const below = at.bottom + 4 + size.height <= innerHeight;
  menu.style.left = `${left}px`;
  menu.style.top = `${Math.max(8, below ? at.bottom + 4 : at.top - 4 - size.height)}px`;
}

export function closeMenu(giveBack = false) {
  if (!open) return;
  const { menu, back } = open;
  open = null;
  menu.remove();
  if (giveBack && back?.isConnected) back.focus();
}

document.addEventListener('pointerdown', (event) => { if (open && !open.menu.contains(event.target)) closeMenu(); });
for (const change of ['resize', 'popstate', 'go']) window.addEventListener(change, () => closeMenu());
document.addEventListener('scroll', (event) => { if (open && !open.menu.contains(event.target)) closeMenu(); }, true);
