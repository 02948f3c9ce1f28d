// One site: its stations live, what the books say of it, and which stations stand there.

import { get, mayRun, patch, remove } from '../api.js';
import { bookingSections } from '../bookings.js';
import { locations, openSessions, powerOf, stations } from '../books.js';
import { confirmDialog, form, formDialog } from '../dialog.js';
import { fill, h, path } from '../dom.js';
import { kilowatts } from '../format.js';
import { changes } from '../forms.js';
import { planSection } from '../floor-plan.js';
import { t } from '../i18n.js';
import { go } from '../keys.js';
import { flash } from '../table.js';
import { mark } from '../states.js';
import { siteFields } from './sites.js';
import { moveStation, stationTable } from './stations.js';

export async function show({ root, signal, params, head }) {
  let site = await get(path`/locations/${params.id}`, {}, { signal });
  await Promise.all([stations.ready(), openSessions.ready().catch(() => {})]);
  if (signal.aborted) return;
  const drawHead = () => head({
    title: site.name, back: { href: '/sites', label: t('nav.sites') },
    sub: [h(
      'span', null, [site.address, [site.postal_code, site.city].filter(Boolean).join(' '), site.country].join(', ')
    ), h('span', null, site.time_zone),
      mark('yes', site.published ? 'published' : 'private')],
    buttons: [
      h('a.button', { href: path`/sites/${site.id}/load` }, t('load.link')),
      mayRun() && h('button', { type: 'button', on: { click: () => move(site) } }, t('site.move')),
    ],
  });
  drawHead();
  const power = h('span.fig');
  const table = stationTable(() => h('p', null, t('site.empty')), { isOneSite: true });
  root.append(h(
    'section', null, h('h2', null, t('nav.stations'), ' ', h('span.mute', null, t('site.power'), ' '), power),
    table.element
  ));
  root.append(planSection(site, signal));
  const bookings = bookingSections(site, signal);
  root.append(...bookings.elements);
  bookings.begin();
  const draw = () => {
    const here = stations.list().filter((s) => s.location?.id === site.id);
    table.show(here);
    const text = kilowatts(here.reduce((sum, s) => sum + (powerOf(s) ?? 0), 0));
    if (power.textContent !== text) {
      const first = !power.textContent;
      power.textContent = text;
      if (!first) flash(power);
    }
  };
  stations.listen(draw, signal);
  openSessions.listen(draw, signal);
  draw();
  if (!mayRun()) return;

  const place = h('div');
  root.append(h('section', null, h('h2', null, t('site.books')), place));
  const drawForm = () => fill(place, form({
    submit: t('save'), fields: siteFields(site),
    send: (values) => patch(path`/locations/${site.id}`, changes(values, site), { match: site }),
    fresh: async () => {
      const now = await get(path`/locations/${site.id}`);
      site = now;
      return { values: now };
    },
    done: (fresh) => {
      site = fresh;
      locations.put(fresh);
      drawHead();
      drawForm();
    },
  }), h('p.mute', null, t('site.ref', { ref: site.ref })), h('div.buttons', null,
    h('button.danger', { type: 'button', on: { click: () => removal(site) } }, t('site.remove'))));
  drawForm();
}

function removal(site) {
  confirmDialog({
    title: t(
      'site.remove.title', { name: site.name }
    ), text: site.stations ? t('site.remove.stations', { n: site.stations }) : t('site.remove.text'),
    type: site.name, submit: t('site.remove'), send: () => remove(path`/locations/${site.id}`, { match: site }),
    done: () => {
      locations.drop(site.id);
      go('/sites');
    },
  });
}

/// Chooses stations that stand elsewhere and moves them here.
function move(site) {
  const elsewhere = stations.list().filter((s) => s.location?.id !== site.id).sort((a, b) => a.id.localeCompare(
    b.id, undefined, { numeric: true }
  ));
  if (!elsewhere.length) {
    return formDialog({
      title: t('site.move'), intro: t('site.move.none'), fields: [], submit: t('dialog.close'), send: async () => {},
    });
  }
  formDialog({
    title: t('site.move'), intro: t('site.move.text', { name: site.name }), submit: t('site.move.submit'),
    fields: [h('fieldset.choices', null, h(
      'legend', null, t('site.move.choose', { n: elsewhere.length })
    ), elsewhere.slice(0, 500).map((s) => h('label', null,
      h('input', { type: 'checkbox', name: 'station', value: s.id }), h('span.id', null, s.id), h(
        'span.mute', null, ` ${s.location?.name ?? ''}`
      ))))],
    async send(_, element) {
      const chosen = [...element.querySelectorAll('input[name=station]:checked')].map(
        (input) => stations.get(input.value)
      );
      if (!chosen.length) throw Object.assign(new Error(t('site.move.choose_one')), {
        title: t('form.check'), word: 'form',
      });
      for (const station of chosen) await moveStation(station, site.id);
      return chosen.length;
    },
  });
}

