// What an empty house teaches: the address to type into a charger, and what comes after it until sessions are paid.

import { get, me } from '../api.js';
import { stationURLs } from '../actions.js';
import { copyBox } from '../dialog.js';
import { drawing, fill, h } from '../dom.js';
import { t } from '../i18n.js';
import { onNews } from '../live.js';
import { paced } from '../pager.js';
import { glyph } from '../states.js';

const news = ['station.added', 'station.changed', 'station.removed', 'token.changed', 'tariff.changed', 'session.started', 'partner.added', 'location.changed'];

/// Shows the steps in a place, and ticks them as they are done, until nothing is open or the reader has seen enough.
export async function lead(place, signal) {
  place.setAttribute('aria-label', t('first.title'));
  const leave = () => {
    place.hidden = true;
    try { localStorage.setItem('ostler.steps', 'seen'); } catch { /* They come again. */ }
  };
  const draw = () => {
    place.hidden = me.first_run.is_over;
    fill(place, firstSteps(me.first_run, leave));
  };
  const read = async () => {
    me.first_run = (await get('/me', {}, { signal })).first_run;
    draw();
  };
  const again = paced(1000, () => { read().catch(() => {}); }, signal);
  onNews(({ events }) => { if (!place.hidden && events?.some(({ kind }) => news.includes(kind))) again(); }, signal);
  draw();
  await read().catch(() => {});
}

/// The steps to sessions that are paid; those that are done are ticked. `leave()` shows them no more.
function firstSteps(done, leave) {
  const step = (ok, title, ...content) => h('li', { class: ok ? 'is-done' : '' },
    h(
      'h3', null, glyph(ok ? 'command' : 'session', ok ? 'done' : 'pending'), title,
      ok && h('span.out-of-sight', null, ` ${t('first.done')}`)
    ), ok ? null : content);
  const leads = (text, href, label) => [h('p', null, text), h('p', null, h('a', { href }, label))];
  return [
    h('div.section-head', null, h('h2', null, t('first.title')), h('div.buttons', null,
      done.has_sessions && h('button', { type: 'button', on: { click: leave } }, t('first.leave')))),
    h('ol.first', null,
      step(done.has_stations, t('first.station'), connectBox()),
      step(done.has_places, t('first.place'), leads(t('first.place.text'), '/sites', t('first.place.go'))),
      step(done.has_tokens, t('first.token'), leads(t('first.token.text'), '/tokens', t('first.token.go'))),
      step(done.has_tariffs && done.free_connectors === 0, t('first.tariff'), done.has_tariffs
        ? leads(t('first.tariff.free', { n: done.free_connectors }), '/stations', t('first.tariff.give'))
        : leads(t('first.tariff.text'), '/tariffs/new', t('first.tariff.go'))),
      step(done.has_sessions, t('first.session'), h('p', null, t('first.session.text'))),
      step(done.has_company, t('first.company'), leads(t('first.company.text'), '/settings?tab=company', t('first.company.go'))),
      step(done.has_partners, t('first.partner'), leads(t('first.partner.text'), '/partners', t('first.partner.go')))),
  ];
}

/// The addresses for a charger with a button to copy each, hints by make, and a sign that we listen.
export function connectBox() {
  const spinner = [[
    'circle',
    { cx: 8, cy: 8, r: 5, fill: 'none', stroke: 'currentColor', 'stroke-width': 2, 'stroke-dasharray': '20 12' },
  ]];
  return h('div.connect', null,
    h('p', null, t('connect.text')),
    stationURLs('').map((url) => copyBox(t('connect.url'), url)),
    stationURLs('CS-001').slice(0, 1).map((url) => copyBox(t('connect.url.full'), url)),
    h('p.hint', null, t('connect.which')),
    h('details', null, h('summary', null, t('connect.vendors')), h('ul', null,
      ['slash', 'id', 'port', 'tls', 'version'].map((key) => h('li', null, t(`connect.vendors.${key}`))))),
    h('p.waiting', null, drawing(spinner, 'icon spin'), t(`connect.knock.${me?.strangers_may_knock ?? 'always'}`)));
}
