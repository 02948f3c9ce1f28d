// Sites where they lie, and the same as a table.

import { get } from '../api.js';
import { locations, openSessions, powerOf, stations } from '../books.js';
import { h, path } from '../dom.js';
import { kilowatts, number } from '../format.js';
import { t } from '../i18n.js';
import { MapView } from '../map-view.js';
import { mark, stateOf } from '../states.js';
import { LiveTable } from '../table.js';

// What a site is said to be: the first of these that one of its stations is.
const order = ['faulted', 'offline', 'charging', 'available'];

// The tiles that the policy of this document lets in. Only the map's own page has one that lets any in, so whoever comes
// to the map from another screen loads that page first, and so does whoever just chose a server.
let allowed;

function mayShow(url) {
  const began = performance.getEntriesByType('navigation')[0]?.name;
  allowed ??= began && new URL(began).pathname === '/map' ? url : null;
  return allowed === url;
}

export async function show({ root, signal, head }) {
  head({ title: t('nav.map'), sub: t('map.sub') });
  const [tiles] = await Promise.all([
    get('/map-tiles', {}, { signal }), locations.ready(), stations.ready(), openSessions.ready().catch(() => {}),
  ]);
  if (signal.aborted) return;
  if (tiles.url && !mayShow(tiles.url)) return location.assign('/map');
  if (tiles.url) head({ title: t('nav.map'), sub: t('map.sub.tiles') });
  const map = new MapView(tiles.url ? tiles : null);
  const table = new LiveTable({
    caption: t('nav.sites'), key: (s) => s.site.id, href: (s) => path`/sites/${s.site.id}`, name: (s) => s.site.name,
    sort: { by: 'site' },
    empty: () => h('div', null, h('h2', null, t('sites.none')), h('p', null, t('sites.none.text'))),
    columns: [
      {
        id: 'site', label: t('col.site'), head: true, sort: (s) => s.site.name,
        cell: (s) => h('a', { href: path`/sites/${s.site.id}` }, s.site.name),
      },
      { id: 'state', label: t('col.state'), cell: (s) => mark('evse', s.state) },
      { id: 'stations', label: t('nav.stations'), num: true, sort: (s) => s.stations, cell: (s) => number(s.stations) },
      {
        id: 'free', label: t('map.free'), num: true, sort: (s) => s.free,
        cell: (s) => t('table.of', { shown: s.free, total: s.evses }),
      },
      { id: 'power', label: t('col.power'), num: true, sort: (s) => s.power, cell: (s) => kilowatts(s.power) },
      { id: 'where', label: t('col.where'), cell: (s) => h('span.mono', null, `${s.site.latitude}, ${s.site.longitude}`) },
    ],
  });
  root.append(map.element, table.element);
  let drawn = null;
  const draw = () => {
    const sites = locations.list().map(stateOfSite);
    table.show(sites);
    // The drawing is made anew only when it would differ.
    const sign = sites.map(
      (s) => [s.site.id, s.site.name, s.site.latitude, s.site.longitude, s.state, s.free, s.evses].join()
    ).join('|');
    if (sign === drawn) return;
    drawn = sign;
    map.show(sites.filter((s) => Number.isFinite(Number(s.site.latitude))));
  };
  for (const shelf of [stations, openSessions, locations]) shelf.listen(draw, signal);
  draw();
}

function stateOfSite(site) {
  const here = stations.list().filter((s) => s.location?.id === site.id);
  const evses = here.flatMap((s) => s.evses);
  const states = here.map(stateOf);
  return {
    site, stations: here.length, evses: evses.length, free: evses.filter((e) => e.status === 'available').length,
    state: order.find((state) => states.includes(state)) ?? (here.length ? 'unknown' : 'unavailable'),
    power: here.reduce((sum, s) => sum + (powerOf(s) ?? 0), 0),
  };
}
