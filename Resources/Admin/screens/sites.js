// Sites: where stations stand, and what partners hear of each place.

import { mayRunAll, post } from '../api.js';
import { locations, powerOf, stations } from '../books.js';
import { formDialog } from '../dialog.js';
import { fill, h, path } from '../dom.js';
import { kilowatts, number } from '../format.js';
import { filterBar, given } from '../forms.js';
import { t, word } from '../i18n.js';
import { csvButton } from '../lists.js';
import { go } from '../keys.js';
import { countNote, LiveTable } from '../table.js';
import { mark } from '../states.js';

const parking = ['PARKING_LOT', 'PARKING_GARAGE', 'UNDERGROUND_GARAGE', 'ON_STREET', 'ON_DRIVEWAY', 'ALONG_MOTORWAY'];

export async function show({ root, signal, query, head, keep }) {
  head({
    title: t('nav.sites'), sub: t('sites.sub'),
    buttons: [csvButton('/locations', () => ({ q: query.get('q') })), mayRunAll() && h('button', { type: 'button', on: { click: addDialog } }, t('sites.add'))],
  });
  const note = h('span.mute.count');
  const bar = filterBar([{ name: 'q', type: 'search', label: t('sites.filter'), value: query.get('q') }], () => {
    keep(bar.values());
    table.showNow(rows());
  }, note);
  const here = (site) => stations.list().filter((s) => s.location?.id === site.id);
  const table = new LiveTable({
    caption: t('nav.sites'), key: (s) => s.id, href: (s) => path`/sites/${s.id}`, name: (s) => s.name, sort: { by: 'name' },
    empty: () => h('div', null, h('h2', null, t('sites.none')), h('p', null, t('sites.none.text'))),
    columns: [
      {
        id: 'name', label: t('col.site'), head: true, sort: (s) => s.name,
        cell: (s) => h('a', { href: path`/sites/${s.id}` }, s.name),
      },
      {
        id: 'address', label: t('col.address'), wide: true, cut: true, sort: (s) => s.city,
        cell: (s) => [
          s.address, [s.postal_code, s.city].filter(Boolean).join(' '), s.country,
        ].filter(Boolean).join(', '),
      },
      { id: 'stations', label: t('nav.stations'), num: true, sort: (s) => s.stations, cell: (s) => number(s.stations) },
      {
        id: 'online', label: t('col.online'), num: true,
        cell: (s) => number(here(s).filter((one) => one.online).length),
      },
      {
        id: 'power', label: t('col.power'), num: true,
        cell: (s) => kilowatts(here(s).reduce((sum, one) => sum + (powerOf(one) ?? 0), 0)),
      },
      { id: 'zone', label: t('col.zone'), cell: (s) => s.time_zone },
      { id: 'published', label: t('col.partners'), cell: (s) => mark('yes', s.published ? 'published' : 'private') },
      { id: 'ref', label: t('col.ref'), cell: (s) => h('span.id', null, s.ref) },
    ],
  });
  root.append(bar, table.element);
  const rows = () => {
    const q = bar.values().q.toLowerCase();
    const all = locations.list();
    const found = all.filter(
      (s) => !q || [s.name, s.address, s.city, s.ref].some((field) => field?.toLowerCase().includes(q))
    );
    fill(note, countNote(found.length, all.length));
    return found;
  };
  const draw = () => table.show(rows());
  locations.listen(draw, signal);
  stations.listen(draw, signal);
  stations.ready().catch(() => {});
  await locations.ready();
  draw();
}

/// The fields of a site, for adding and changing.
export function siteFields(site = {}) {
  let zones = [];
  try { zones = Intl.supportedValuesOf('timeZone'); } catch { /* It is typed. */ }
  return [
    { name: 'name', label: t('field.name'), required: true, value: site.name, maxlength: 255 },
    { name: 'address', label: t('field.street'), required: true, value: site.address, maxlength: 45 },
    { name: 'postal_code', label: t('field.postal'), value: site.postal_code, maxlength: 10, cls: 'half' },
    { name: 'city', label: t('field.city'), required: true, value: site.city, maxlength: 45, cls: 'half' },
    { name: 'state', label: t('field.state'), value: site.state, maxlength: 20, cls: 'half' },
    {
      name: 'country', label: t('field.country'), required: true, value: site.country, pattern: '[A-Z]{3}',
      maxlength: 3, hint: t('field.country.hint'), cls: 'half',
    },
    {
      name: 'latitude', label: t('field.latitude'), type: 'decimal', required: true, value: site.latitude, cls: 'half',
      hint: t('field.latitude.hint'),
    },
    {
      name: 'longitude', label: t('field.longitude'), type: 'decimal', required: true, value: site.longitude,
      cls: 'half',
    },
    {
      name: 'time_zone', label: t('field.zone'), required: true, value: site.time_zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
      list: zones.map((value) => ({ value })), hint: t('field.zone.hint'), cls: 'half',
    },
    {
      name: 'parking_type', label: t('field.parking'), type: 'select', value: site.parking_type ?? '', cls: 'half',
      options: [
        { value: '', label: t('field.parking.none') },
        ...parking.map((value) => ({ value, label: word('parking', value) }))
      ],
    },
    { name: 'always_open', label: t('field.always_open'), type: 'check', value: site.always_open ?? true },
    {
      name: 'published', label: t('field.published'), type: 'check', value: site.published ?? true,
      hint: t('field.published.hint'),
    },
  ];
}

function addDialog() {
  formDialog({
    title: t('sites.add'), submit: t('sites.add.submit'), cls: 'wide', fields: siteFields(),
    send: (values) => post('/locations', given(values)),
    done: (site) => {
      locations.put(site);
      go(path`/sites/${site.id}`);
    },
  });
}
