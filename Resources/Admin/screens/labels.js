// Labels of a station: the code of each EVSE for drivers, to look at and to print.

import { get, mayRun, post } from '../api.js';
import { copyBox, reading } from '../dialog.js';
import { fill, h, path, query as queryOf } from '../dom.js';
import { language, t } from '../i18n.js';
import { sure } from '../lists.js';
import { picture } from './account.js';

/// A section for the set-up of a station.
export function labelSection(station, signal) {
  const section = h('section', null, h('h2', null, t('labels.title')));
  const base = { base: location.origin };
  const draw = () => reading(section, async () => {
    const { items } = await get(path`/stations/${station.id}/codes`, base, { signal });
    const make = () => post(path`/stations/${station.id}/codes`, {}).then(draw);
    const anew = () => sure(t('labels.fresh'), t('labels.fresh.text'), t('labels.fresh'), () => post(path`/stations/${station.id}/codes`, { fresh: true }), draw, station.id);
    fill(section, h('div.section-head', null, h('h2', null, t('labels.title')), mayRun() && h('div.buttons', null,
      items.length < station.evses.length && h('button', { type: 'button', on: { click: make } }, t('labels.make')),
      items.length > 0 && [h('a.button', { href: path`/api/v1/stations/${station.id}/labels` + queryOf({ ...base, language }), download: `${station.id}.pdf` }, t('labels.print')),
        h('button', { type: 'button', on: { click: anew } }, t('labels.fresh'))])),
    h('p.mute', null, t(items.length ? 'labels.text' : 'labels.none')),
    items.length > 0 && h('div.labels', null, items.map((one) => h('figure', null, picture(one, t('labels.qr', { evse: one.evse })), h('figcaption', null, t('labels.evse', { evse: one.evse })), copyBox(t('labels.url'), one.url)))));
  }, signal);
  draw();
  return section;
}
