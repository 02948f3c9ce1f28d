// Says in words what a tariff costs and when.

import { amount } from './format.js';
import { t, word } from './i18n.js';

const week = ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY'];

/// One line: `€0.39 per kWh, 07:00–23:00 · €0.29 per kWh`.
export function priceInWords(tariff) {
  return tariff.elements.map((element) => elementInWords(element, tariff.currency)).join(' · ') || t('tariff.free');
}

/// One element: its prices, then when they count.
export function elementInWords(element, currency) {
  const prices = element.price_components.filter((c) => c.price !== 0)
    .map((c) => t(`tariff.price.${c.type.toLowerCase()}`, { price: amount(c.price, currency, 4) }));
  const when = whenInWords(element.restrictions);
  return [prices.join(' + ') || t('tariff.free'), when].filter(Boolean).join(', ');
}

/// Hours and days, then whatever else restricts a price.
export function whenInWords(restrictions) {
  if (!restrictions) return '';
  const { start_time: start, end_time: end, day_of_week: days, ...others } = restrictions;
  const parts = [];
  if (start || end) parts.push(`${start ?? '00:00'}–${end ?? '24:00'}`);
  if (days?.length && days.length < 7) parts.push(daysInWords(days));
  for (const [name, value] of Object.entries(others)) {
    if (value !== null && value !== undefined) parts.push(`${word('restriction', name)} ${value}`);
  }
  return parts.join(', ');
}

function daysInWords(days) {
  const places = days.map((day) => week.indexOf(day)).sort((a, b) => a - b);
  const inRow = places.length > 2 && places.every((place, i) => i === 0 || place === places[i - 1] + 1);
  const name = (place) => t(`day.${week[place].toLowerCase()}`);
  return inRow ? `${name(places[0])}–${name(places.at(-1))}` : places.map(name).join(', ');
}

export { week };
