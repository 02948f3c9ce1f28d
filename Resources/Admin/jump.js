// Ctrl-K: jumps to a station, session, partner, site or page by a few letters of its name.

import { get } from './api.js';
import { locations, openSessions, partners, stations } from './books.js';
import { dialog } from './dialog.js';
import { fill, h, path, settled } from './dom.js';
import { word, t } from './i18n.js';
import { go } from './keys.js';
import { stateOf } from './states.js';

const most = 12;
// Screens that the rail does not name.
const more = [['/roaming', 'roaming.title'], ['/prices', 'prices.title'], ['/reports', 'reports.title'], ['/energy', 'energy.title'], ['/effect', 'effect.title']];

/// Opens the jump box; `pages` are `{ href, label }`.
export function openJump(pages) {
  if (document.querySelector('dialog.jump[open]')) return;
  for (const shelf of [stations, openSessions, partners, locations]) shelf.ready().catch(() => {});
  let chosen = 0, found = [], asked = '';
  const list = h('ul.jump-list', { role: 'listbox', id: 'jump-list', 'aria-label': t('jump.results') });
  const input = h('input', {
    type: 'text', role: 'combobox', 'aria-expanded': 'true', 'aria-controls': 'jump-list', 'aria-label': t('jump.title'),
    placeholder: t('jump.hint'), autocomplete: 'off', spellcheck: 'false',
  });
  const box = dialog(t('jump.title'), () => [input, list], { cls: 'jump' });

  const draw = () => {
    fill(list, found.map((item, i) => h('li', {
      role: 'option', id: `jump-${i}`, 'aria-selected': i === chosen ? 'true' : 'false',
      on: { click: () => leave(item), pointermove: () => { if (chosen !== i) { chosen = i; draw(); } } },
    }, h('span', null, item.label), h('span.mute', null, item.what))));
    if (!found.length) fill(
      list, h('li.mute', { role: 'option', 'aria-selected': 'false', 'aria-disabled': 'true' }, t('jump.none'))
    );
    input.setAttribute('aria-activedescendant', found.length ? `jump-${chosen}` : '');
    list.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' });
  };
  const leave = (item) => {
    box.close();
    if (item) go(item.href);
  };
  const search = () => {
    asked = input.value.trim();
    found = local(asked.toLowerCase(), pages);
    chosen = 0;
    draw();
    if (asked.length >= 2 && found.length < most) remote(asked);
  };
  const remote = settled(150, async (text) => {
    try {
      const page = await get('/stations', { q: text, limit: most });
      if (text !== asked || !box.open) return;
      const known = new Set(found.map((item) => item.href));
      found.push(...page.items.map(ofStation).filter((item) => !known.has(item.href)));
      found = found.slice(0, most);
      draw();
    } catch { /* What the page knows already is listed. */ }
  });
  input.addEventListener('input', search);
  input.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      chosen = (chosen + (event.key === 'ArrowDown' ? 1 : -1) + found.length) % Math.max(1, found.length);
      draw();
    } else if (event.key === 'Enter') {
      event.preventDefault();
      leave(found[chosen]);
    }
  });
  search();
}

function ofStation(station) {
  return {
    href: path`/stations/${station.id}`, label: station.id,
    what: `${t('jump.station')} · ${word('evse', stateOf(station))}`,
  };
}

function local(text, pages) {
  const items = [
    ...[...pages, ...more.map(([href, key]) => ({ href, label: t(key) }))].map(({ href, label }) => ({ href, label, what: t('jump.page') })),
    ...stations.list().map(ofStation),
    ...openSessions.list().map((session) => ({
      href: path`/sessions/${session.id}`, label: `${session.station ?? ''} ${session.token.uid}`, what: t('jump.session'),
    })),
    ...partners.list().map((partner) => ({
      href: path`/partners/${partner.id}`, label: partner.name, what: t('jump.partner'),
    })),
    ...locations.list().map((site) => ({ href: path`/sites/${site.id}`, label: site.name, what: t('jump.site') })),
  ];
  if (!text) return items.slice(0, most);
  const rank = (item) => {
    const label = item.label.toLowerCase();
    return label.startsWith(text) ? 0 : label.includes(text) ? 1 : 2;
  };
  return items.map((item) => [rank(item), item]).filter(([r]) => r < 2).sort(([a], [b]) => a - b).slice(0, most).map(([, item]) => item);
}
