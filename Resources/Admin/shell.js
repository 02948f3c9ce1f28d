// What stands around every screen: the rail, the bar with the truth about freshness, the knocks, the dock of commands.

import { me, signOut } from './api.js';
import { knocks, overview, partners } from './books.js';
import { announce, brandMark, drawing, fill, h } from './dom.js';
import { relative, number, seconds } from './format.js';
import { t } from './i18n.js';
import { listenToKeys, showSheet } from './keys.js';
import { endLive, freshness, onFreshness } from './live.js';
import { later } from './rest.js';

const line = {
  fill: 'none', stroke: 'currentColor', 'stroke-width': 1.5, 'stroke-linecap': 'round', 'stroke-linejoin': 'round',
};
const icon = (...paths) => paths.map((d) => ['path', { d, ...line }]);

/// The rail: [name, path, key, drawing].
export const places = [
  ['overview', '/', 'o', icon('M2.5 8 8 3l5.5 5', 'M4 7v6h8V7')],
  [
    'stations', '/stations', 's',
    icon('M4 13.5v-10h5v10', 'M2.8 13.5h7.4', 'M9 7h2.2v3.6a1 1 0 0 0 2 0V6l-1.7-1.7', 'M6.9 5.6 5.8 7.8h1.6l-1 2'),
  ],
  ['sessions', '/sessions', 'e', icon('M8.8 2 4 9h3.4l-.8 5L12 7H8.4z')],
  ['map', '/map', 'm', icon('M2.500 4.500 6 3l4 1.500 3.500-1.500v9L10 13.500 6 12l-3.500 1.500z', 'M6 3v9', 'M10 4.500v9')],
  [
    'sites', '/sites', 'i',
    icon('M8 14s4.5-4.3 4.5-7.5a4.5 4.5 0 0 0-9 0C3.500 9.700 8 14 8 14z', 'M8 5.200v2.600', 'M6.700 6.500h2.600'),
  ],
  ['tariffs', '/tariffs', 't', icon('M8.500 2.500h5v5L7.500 13.500l-5-5z', 'M11 5h.1')],
  [
    'cdrs', '/cdrs', 'c',
    icon('M4 2.500h8v11l-2-1.300-2 1.300-2-1.300-2 1.300z', 'M6.300 5.500h3.400', 'M6.300 8h3.400'),
  ],
  ['invoices', '/invoices', 'b', icon('M4.500 2.500h5l2.500 2.500v8.500h-7.500z', 'M6.500 7h3.500', 'M6.500 9.500h3.500', 'M9.500 2.500v3h2.500')],
  ['analytics', '/analytics', 'a', icon('M3 13.500v-5', 'M6.500 13.500v-9', 'M10 13.500v-6', 'M13.300 13.500v-11')],
  ['tokens', '/tokens', 'd', icon('M2.500 4.500h11v7h-11z', 'M2.500 7h11', 'M5 9.500h2')],
  ['partners', '/partners', 'r', icon('M5 10.500 2.500 8 5 5.500', 'M11 5.500 13.500 8 11 10.500', 'M2.800 8h10.400')],
  ['campaigns', '/campaigns', 'f', icon('M8 10.500V2.500', 'M5 5.500 8 2.500l3 3', 'M2.500 10.500v3h11v-3')],
  ['messages', '/messages', 'l', icon('M2.500 4h11', 'M2.500 8h11', 'M2.500 12h7')],
  [
    'settings', '/settings', ',',
    icon('M3 4.500h6', 'M12 4.500h1', 'M10.500 3v3', 'M3 11.500h1', 'M7 11.500h6', 'M5.500 10v3'),
  ],
];

/// Builds the frame; the screens are drawn into the element that it returns.
export function buildShell(app) {
  const pages = places.map(([name, href]) => ({ href, label: t(`nav.${name}`) }));
  const jump = async () => (await later('jump')).openJump(pages);
  const main = h('main', { id: 'main', tabindex: '-1' });
  const strangers = h('section.knocks', { 'aria-label': t('knock.region'), hidden: true });
  const dock = h('section.dock', { id: 'dock', 'aria-label': t('commands.dock'), hidden: true });
  fill(app,
    h(
      'a.skip', { href: '#main', on: { click: (event) => { event.preventDefault(); main.focus(); } } }, t('shell.skip')
    ),
    rail(),
    h('div.column', null, bar(jump), strangers, main, dock));
  app.className = 'frame';
  awaitKnocks(strangers);
  listenToKeys(Object.fromEntries(places.map(([, href, key]) => [key, href])), jump);
  return main;
}

/// Most houses have no stranger at the door: what shows one comes with the first.
function awaitKnocks(banner) {
  const first = new AbortController();
  knocks.listen(async () => {
    if (!knocks.items.size) return;
    first.abort();
    (await later('knocks')).showKnocks(banner);
  }, first.signal);
  knocks.ready().catch(() => {});
}

function rail() {
  const nav = h('nav', { 'aria-label': t('shell.nav') }, h('ul', null, places.map(([name, href, key, parts]) => h('li', null,
    h('a', { href, data: { place: name }, title: t('shell.key', { key: `g ${key}` }) }, drawing(parts), h(
      'span', null, t(`nav.${name}`)
    ),
      h('span.badge', { data: { badge: name }, hidden: true }))))));
  overview.addEventListener('change', () => drawBadges(nav));
  partners.listen(() => drawBadges(nav));
  return h('header.rail', null, h('a.brand', { href: '/' }, brandMark(), h('span', null, 'Ostler')), nav);
}

function drawBadges(nav) {
  const state = overview.now;
  if (!state) return;
  const parked = state.push_queue.parked;
  badge(nav, 'overview', state.needs_attention.reduce((sum, one) => sum + one.count, 0), 'shell.badge.attention', true);
  badge(nav, 'sessions', state.sessions.active, 'shell.badge.active');
  badge(nav, 'partners', parked, 'shell.badge.parked', true);
}

function badge(nav, name, count, key, alert = false) {
  const element = nav.querySelector(`[data-badge="${name}"]`);
  const isNew = element.hidden !== (count === 0);
  element.hidden = count === 0;
  element.classList.toggle('alert', alert);
  fill(element, number(count), h('span.out-of-sight', null, ` ${t(key, { n: count })}`));
  if (isNew) bringToSight(nav.querySelector('[aria-current]'));
}

function bar(jump) {
  const text = h('span.pill-text');
  const pill = h('span.pill', { title: t('live.title') }, h('span.pill-dot', { 'aria-hidden': 'true' }), text);
  let before = null;
  onFreshness((state) => {
    const { tone, words, spoken } = truth(state);
    pill.dataset.tone = tone;
    if (text.textContent !== words) text.textContent = words;
    const silent = Date.now() - state.aliveAt > 5000;
    document.documentElement.dataset.stale = tone === 'amber' && silent ? 'yes' : 'no';
    if (before !== null && before !== tone) announce(spoken);
    before = tone;
  });
  text.textContent = truth(freshness).words;
  pill.dataset.tone = 'amber';
  const user = h(
    'button.quiet.user', { type: 'button', 'aria-haspopup': 'menu' }, me.user,
    h('span.mute', null, ` · ${t(`role.${me.role}`)}`)
  );
  user.addEventListener('click', async () => (await later('menu')).openMenu(user, [
    {
      label: t('nav.settings'), key: 's',
      run: () => window.dispatchEvent(new CustomEvent('go', { detail: '/settings' })),
    },
    { label: t('keys.title'), key: 'k', run: showSheet },
    ...(me.via === 'session' ? [{ label: t('shell.logout'), key: 'l', run: logOut }] : []),
  ], me.user));
  return h('div.bar', { role: 'region', 'aria-label': t('shell.bar') },
    h(
      'button.jump-button',
      { type: 'button', 'aria-label': t('jump.title'), 'aria-keyshortcuts': 'Control+K', on: { click: jump } },
      h('span', null, t('jump.button')), h('kbd', { 'aria-hidden': 'true' }, 'Ctrl K')
    ),
    h('span.grow'), pill, user);
}

/// What the pill says: only what is known to be true.
function truth(state) {
  const silence = Math.max(0, Date.now() - state.aliveAt);
  switch (state.phase) {
    case 'live': {
      const parts = [t('live.live')];
      if (state.rate > 0) parts.push(t(
        'live.rate', { n: state.rate < 1 ? number(state.rate, 1) : number(state.rate) }
      ));
      if (state.eventAt) {
        const quiet = Date.now() - state.eventAt;
        parts.push(quiet < 60_000 ? t('live.last', { ago: seconds(quiet) }) : t(
          'live.last.long', { ago: relative(Date.now() - quiet) }
        ));
      } else {
        parts.push(t('live.quiet'));
      }
      return { tone: 'green', words: parts.join(' · '), spoken: t('live.said.live') };
    }
    case 'signed-out': return { tone: 'amber', words: t('live.out'), spoken: t('live.out') };
    case 'connecting': return { tone: 'amber', words: t('live.connecting'), spoken: t('live.connecting') };
    default:
      return {
        tone: 'amber', spoken: t('live.said.lost'),
        words: state.aliveAt ? t('live.lost', { ago: number(Math.round(silence / 1000)) }) : t('live.connecting'),
      };
  }
}

export async function logOut() {
  try { await signOut(); } catch (problem) {
    // Nobody may think that they are out while the next one at this computer is in.
    if (problem.status !== 401) { await later('dialog'); throw problem; }
  }
  // The other tabs hear it and ask who is there.
  endLive({ stop: true });
  location.assign('/');
}

/// Moves the strip that the rail is on a phone; the page itself stays where its reader left it.
function bringToSight(link) {
  const strip = link?.closest('ul');
  if (!strip) return;
  const [inner, outer] = [link.getBoundingClientRect(), strip.getBoundingClientRect()];
  strip.scrollLeft += (inner.left + inner.right - outer.left - outer.right) / 2;
}

/// Marks the place in the rail.
export function markPlace(name) {
  for (const link of document.querySelectorAll('.rail a[data-place]')) {
    if (link.dataset.place === name) {
      link.setAttribute('aria-current', 'page');
      bringToSight(link);
    } else {
      link.removeAttribute('aria-current');
    }
  }
}
