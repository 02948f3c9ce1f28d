// Starts the page, finds the screen for a path, and moves between screens without loading the page again.

import { whoAmI } from './api.js';
import { follow, openSessions, overview } from './books.js';
import { announce, fill, h } from './dom.js';
import { keepUp, setClock } from './format.js';
import { loadWords, t } from './i18n.js';
import { endLive, onNews, startLive } from './live.js';
import { entry, later } from './rest.js';

// [pattern, module unless it is called like that, or like one of them; place in the rail unless it begins like that]
const screens = [
  ['/', 'overview'], ['/stations'], ['/stations/:id'], ['/sessions'], ['/sessions/:id'], ['/map'],
  ['/sites'], ['/sites/:id'], ['/sites/:id/load', 'site-load'],
  ['/tariffs'], ['/tariffs/:id'], ['/prices', 'prices', 'tariffs'], ['/prices/:id', 'price', 'tariffs'],
  ['/cdrs'], ['/cdrs/:id'], ['/invoices'],
  ['/analytics'], ['/reports', 'reports', 'analytics'], ['/energy', 'energy', 'analytics'], ['/effect', 'effect', 'analytics'],
  ['/tokens'], ['/partners'], ['/partners/:id'], ['/roaming', 'roaming', 'partners'],
  ['/campaigns'], ['/campaigns/:id'], ['/bulk-runs/:id', 'bulk-run', 'campaigns'], ['/messages'], ['/settings'],
];

const app = document.getElementById('app');
let main = null;
let shell = null;     // What stands around the screens; nobody needs it before the login.
let current = null;   // The AbortController of the screen that is shown.

start();

async function start() {
  try {
    await loadWords();
  } catch (error) {
    fill(
      app,
      h(
        'p', null,
        `The page could not load its texts. Reload it; if that does not help, restart the daemon. ${error.message}`
      )
    );
    return;
  }
  const token = new URLSearchParams(location.search).get('setup');
  if (token) {
    const { showSetup } = await entry();
    return showSetup(app, token, () => { history.replaceState(null, '', '/'); enter(); });
  }
  enter();
}

async function enter() {
  let me;
  try {
    me = await whoAmI();
  } catch (problem) {
    const { showLogin, showProblem, showWaiting } = await entry();
    if (problem.word === 'setup-required') return showWaiting(app);
    if (problem.status === 401) return showLogin(app, enter);
    return showProblem(app, problem, enter);
  }
  setClock(me.now);
  shell = await import('./shell.js');
  main = shell.buildShell(app);
  onNews(keepTime);
  follow();
  startLive(me.last_seq);
  openSessions.ready().catch(() => {});
  overview.load().catch(() => {});
  window.addEventListener('popstate', route);
  window.addEventListener('go', ({ detail }) => go(detail));
  window.addEventListener('signed-out', signedOut);
  document.addEventListener('click', followLink);
  route();
}

function keepTime({ events }) { if (events?.length) keepUp(events.at(-1).at); }

/// A session that ended: the page begins anew after the login, at the same address.
async function signedOut() {
  endLive({ leave: true });
  window.removeEventListener('signed-out', signedOut);
  current?.abort();
  for (const box of document.querySelectorAll('dialog[open]')) box.close();
  const { showLogin } = await entry();
  showLogin(app, () => location.reload(), t('login.ended'));
}

function followLink(event) {
  if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest('a[href]');
  if (!link || link.hasAttribute('download') || link.target || link.origin !== location.origin) return;
  if (link.pathname.startsWith('/api/') || link.getAttribute('href').startsWith('#')) return;
  event.preventDefault();
  go(link.pathname + link.search + link.hash);
}

function go(href) {
  const same = href === location.pathname + location.search;
  if (same) history.replaceState(null, '', href); else history.pushState(null, '', href);
  route();
}

async function route() {
  current?.abort();
  current = new AbortController();
  const { signal } = current;
  for (const box of document.querySelectorAll('dialog[open]')) box.close();
  const found = find(location.pathname);
  shell.markPlace(found?.place);
  const root = h('div.screen');
  fill(main, root);
  if (!found) {
    head(root, { title: t('missing.title') });
    root.append(h('p', null, t('missing.text')), h('p', null, h('a', { href: '/' }, t('nav.overview'))));
    return;
  }
  const context = {
    root, signal, params: found.params, query: new URLSearchParams(location.search),
    head: (options) => { if (!signal.aborted) head(root, options); }, keep,
  };
  const waiting = h('p.mute.loading', null, t('shell.loading'));
  const slow = setTimeout(() => root.append(waiting), 400);
  signal.addEventListener('abort', () => clearTimeout(slow));
  try {
    const show = await screenOf(found.module);
    if (signal.aborted) return;
    if (!show) {
      head(root, { title: t(`nav.${found.place}`) });
      return root.append(noAnswer());
    }
    await show(context);
    root.querySelector('.tabs [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
  } catch (problem) {
    if (signal.aborted) return;
    if (!root.querySelector('h1')) head(root, { title: t(`nav.${found.place}`) });
    root.append(await later('dialog').then(({ problemBox }) => problemBox(problem, route), noAnswer));
  } finally {
    clearTimeout(slow);
    // Not any other: a part of the screen that still waits says so itself.
    waiting.remove();
  }
}

/// What draws a screen; nothing where it cannot be loaded.
async function screenOf(module) {
  const name = `screens/${module}`;
  try {
    return (await (module === 'overview' ? import(`./${name}.js`) : later(name))).show;
  } catch (error) {
    console.warn(error.message);
    return null;
  }
}

/// That nobody answers, said with what is here already. A module that did not come is asked for again only by a page that
/// begins anew.
function noAnswer() {
  return h('div.trouble', { role: 'alert' }, h('strong', null, t('error.unreachable')), h('div', null, t('error.unreachable.detail')),
    h('div.buttons', null, h('button', { type: 'button', on: { click: () => location.reload() } }, t('error.again'))));
}

function find(pathname) {
  const parts = pathname.replace(/\/+$/, '').split('/').slice(1);
  for (const [pattern, module = pattern.slice(1).replace('s/:id', ''), place = pattern.split('/')[1] || module] of screens) {
    const wanted = pattern === '/' ? [] : pattern.slice(1).split('/');
    if (wanted.length !== parts.length) continue;
    const params = {};
    try {
      if (wanted.every(
        (part, i) => (part.startsWith(':') ? (params[part.slice(1)] = decodeURIComponent(parts[i])) : part === parts[i])
      )) {
        return { module, place, params };
      }
    } catch { /* A path that is not percent-encoded properly is nobody's. */ }
  }
  return null;
}

/// The head of a screen: title, a line below it, buttons beside it. `actions()` is the menu that `.` opens.
function head(root, { title, mono, back, sub, buttons, actions }) {
  const heading = h('h1', { tabindex: '-1', class: mono ? 'mono' : '' }, title);
  const more = actions && h('button', {
    type: 'button', 'aria-haspopup': 'menu', data: { actions: String(title) }, 'aria-keyshortcuts': '.',
    on: { click: (event) => event.currentTarget.dispatchEvent(new KeyboardEvent(
      'keydown', { key: '.', bubbles: true }
    )) },
  }, t('shell.actions'));
  if (more) more.actions = actions;
  const box = h('div.head', null,
    h(
      'div.head-text', null, back && h('a.back', { href: back.href }, '‹ ', back.label), heading,
      sub && h('div.sub', null, sub)
    ),
    h('div.buttons', null, buttons, more));
  const old = root.querySelector(':scope > .head');
  const first = !old;
  if (old) old.replaceWith(box); else root.prepend(box);
  document.title = `${title} · Ostler`;
  if (first) {
    heading.focus({ preventScroll: true });
    window.scrollTo(0, 0);
    announce(String(title));
  }
}

/// Keeps filters in the address, so that a view can be sent to a colleague.
function keep(values) {
  const parts = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) if (value) parts.set(key, value === true ? '1' : String(value));
  const text = parts.toString();
  history.replaceState(null, '', location.pathname + (text ? `?${text}` : ''));
}
