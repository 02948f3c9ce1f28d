// Puts the discounts that quiet hours suggest into a tariff: chosen, compared with what it is, and kept with one click.

import { get, patch } from './api.js';
import { locations, tariffs } from './books.js';
import { dialog, reading } from './dialog.js';
import { announce, fill, freshID, h, path, query as queryOf } from './dom.js';
import { t } from './i18n.js';
import { doButton } from './lists.js';
import { weekGrid } from './tariff-view.js';
import { elementInWords, priceInWords } from './tariff-words.js';
import { zoneOf } from './zones.js';

/// `values` say which use the suggestion looks at: from, to and a location.
export function offerDiscounts(values) {
  dialog(t('discount.title'), (close) => {
    const place = h('div.stack', { 'aria-live': 'polite' }), id = freshID();
    const select = h('select', { id, on: { change: () => draw() } });
    const draw = () => reading(place, async () => {
      await tariffs.ready();
      if (!select.options.length) select.append(...mostUsed().map((one) => h('option', { value: one.id }, `${one.ref} · ${t('tariff.used', { n: one.connectors })}`)));
      const chosen = select.value;
      if (!chosen) return fill(place, h('p', null, t('discount.no_tariff'), ' ', h('a', { href: '/tariffs/new' }, t('tariffs.add'))));
      const [kept, offer] = await Promise.all([get(path`/tariffs/${chosen}`), get('/insight/off-peak', { ...values, tariff: chosen })]);
      if (chosen !== select.value) return false;
      return fill(place, comparison(kept, offer, values, place, close));
    });
    draw();
    return [h('p', null, t('discount.text')), h('div.field', null, h('label', { for: id }, t('col.tariff')), select), place];
  }, { cls: 'wide' });
}

const mostUsed = () => tariffs.list().toSorted((a, b) => b.connectors - a.connectors);

/// What the tariff is, what it becomes, and the button that makes it so.
function comparison(kept, offer, values, place, close) {
  const { tariff, items } = offer;
  const isSame = !tariff || tariff.elements.length === kept.tariff.elements.length;
  if (isSame) return h('p.warn', null, t('discount.none'));
  const fresh = tariff.elements.slice(0, items.length);
  const apply = async () => {
    const now = await patch(path`/tariffs/${kept.id}`, tariff, { match: kept });
    tariffs.put(now);
    announce(t('tariff.saved', { ref: now.ref, n: now.version }));
    const [first] = items;
    fill(place, h('p.good', null, t('tariff.saved', { ref: now.ref, n: now.version })), h('p', null, t('discount.measure'), ' ',
      h('a', { href: `/effect${queryOf({ since: tomorrow(), location: values.location, from: first.from_hour, to: first.to_hour, days_of: first.days.length === 7 ? '' : first.days.join() })}`, on: { click: close } }, t('effect.title'))),
    h('div.buttons', null, h('button.primary', { type: 'button', on: { click: close } }, t('dialog.close'))));
  };
  return [
    h('dl.facts', null, h('dt', null, t('discount.before')), h('dd', null, priceInWords(kept.tariff)),
      h('dt', null, t('discount.after')), h('dd', null, h('ul.plain', null, fresh.map((element, i) => h('li', null, h('b', null, `−${items[i].discount_percent} %`), ' ', elementInWords(element, tariff.currency))),
        h('li', null, t('discount.else', { price: priceInWords(kept.tariff) }))))),
    weekGrid(tariff),
    h('p.mute', null, t('tariff.used', { n: kept.connectors }), ' · ', t('tariff.save.hint')),
    h('div.buttons', null, doButton(t('discount.apply', { ref: kept.ref }), apply, { cls: 'primary' }), h('button', { type: 'button', on: { click: close } }, t('dialog.cancel'))),
  ];
}

/// The first whole day with the new prices.
function tomorrow() {
  const zone = zoneOf(locations.list());
  try { return new Intl.DateTimeFormat('en-CA', { timeZone: zone }).format(Date.now() + 86_400_000); } catch { return new Date(Date.now() + 86_400_000).toISOString().slice(0, 10); }
}
