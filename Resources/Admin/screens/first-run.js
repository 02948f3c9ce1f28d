// What an empty house teaches: the address to type into a charger, and what comes after it.

import { me } from '../api.js';
import { stationURLs } from '../actions.js';
import { copyBox } from '../dialog.js';
import { h } from '../dom.js';
import { t } from '../i18n.js';
import { drawing } from '../dom.js';
import { glyph } from '../states.js';

/// The steps to a first session; those that are done are ticked.
export function firstSteps(done) {
  const step = (ok, title, ...content) => h('li', { class: ok ? 'is-done' : '' },
    h(
      'h3', null, glyph(ok ? 'command' : 'session', ok ? 'done' : 'pending'), title,
      ok && h('span.out-of-sight', null, ` ${t('first.done')}`)
    ), ok ? null : content);
  return [
    h('h2', null, t('first.title')),
    h('ol.first', null,
      step(done.has_stations, t('first.station'), connectBox()),
      step(
        done.has_tokens, t('first.token'), h('p', null, t('first.token.text')),
        h('p', null, h('a', { href: '/tokens' }, t('first.token.go')))
      ),
      step(
        done.has_tariffs, t('first.tariff'), h('p', null, t('first.tariff.text')),
        h('p', null, h('a', { href: '/tariffs/new' }, t('first.tariff.go')))
      ),
      step(done.has_sessions, t('first.session'), h('p', null, t('first.session.text'))),
      step(
        done.has_partners, t('first.partner'), h('p', null, t('first.partner.text')),
        h('p', null, h('a', { href: '/partners' }, t('first.partner.go')))
      )),
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
