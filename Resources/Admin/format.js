// Writes numbers, money, energy and times for people, all through Intl.

import { h } from './dom.js';
import { locale, t } from './i18n.js';

const formats = new Map();

function format(make, options) {
  const key = `${make.name}${JSON.stringify(options)}`;
  if (!formats.has(key)) formats.set(key, new make(locale, options));
  return formats.get(key);
}

/// What stands where there is nothing to say.
export const none = '–';

/// A number or decimal text with a fixed number of places.
export function number(value, places = 0) {
  if (value === null || value === undefined || value === '') return none;
  return format(Intl.NumberFormat, { minimumFractionDigits: places, maximumFractionDigits: places }).format(value);
}

export function kilowatts(value) { return value === null || value === undefined ? none : `${number(value, 1)} kW`; }

/// Three places: at 7 kW the last one moves every second.
export function kilowattHours(value, places = 3) {
  return value === null || value === undefined ? none : `${number(value, places)} kWh`;
}

export function percent(value) { return value === null || value === undefined ? none : `${number(value)} %`; }

/// An amount of the API's `Cost`: with VAT where there is one.
export function money(cost) {
  if (!cost) return none;
  return amount(cost.incl_vat ?? cost.excl_vat, cost.currency);
}

export function amount(value, currency, places) {
  if (value === null || value === undefined) return none;
  try {
    const digits = places === undefined ? {} : { minimumFractionDigits: 2, maximumFractionDigits: places };
    return format(Intl.NumberFormat, { style: 'currency', currency, ...digits }).format(value);
  } catch {
    return `${value} ${currency}`;
  }
}

/// Both sides of the tax in one line, for a title.
export function moneyInFull(cost) {
  if (!cost) return '';
  const net = amount(cost.excl_vat, cost.currency);
  return cost.incl_vat === null ? t('money.no_vat', { net })
    : t('money.both', { net, gross: amount(cost.incl_vat, cost.currency) });
}

/// `1h 5m`, `4m 10s`.
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return none;
  const s = Math.max(0, Math.round(seconds));
  const unit = (value, name) => format(Intl.NumberFormat, {
    style: 'unit', unit: name, unitDisplay: 'narrow',
  }).format(value);
  if (s >= 86_400) return `${unit(Math.floor(s / 86_400), 'day')} ${unit(Math.floor((s % 86_400) / 3600), 'hour')}`;
  if (s >= 3600) return `${unit(Math.floor(s / 3600), 'hour')} ${unit(Math.floor((s % 3600) / 60), 'minute')}`;
  if (s >= 60) return `${unit(Math.floor(s / 60), 'minute')} ${unit(s % 60, 'second')}`;
  return unit(s, 'second');
}

// Times. The daemon's clock counts; this one is corrected by the difference that `/me` showed, and by what is newer.
let ahead = 0;

export function setClock(now) { ahead = new Date(now).getTime() - Date.now(); }
/// What just happened is never in the future: the demo's clock runs faster than this one.
export function keepUp(at) { ahead = Math.max(ahead, new Date(at).getTime() - Date.now()); }
export function now() { return Date.now() + ahead; }

function zoned(zone) {
  if (!zone) return {};
  try {
    format(Intl.DateTimeFormat, { timeZone: zone });
    return { timeZone: zone };
  } catch {
    return {};
  }
}

export function clock(at, zone) {
  return format(Intl.DateTimeFormat, {
    hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23', ...zoned(zone)
  })
    .format(new Date(at));
}

/// With thousandths, for logs.
export function clockInFull(at, zone) {
  return format(Intl.DateTimeFormat, {
    hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3, hourCycle: 'h23', ...zoned(zone),
  }).format(new Date(at));
}

export function day(at, zone) {
  return format(Intl.DateTimeFormat, {
    day: 'numeric', month: 'short', year: 'numeric', ...zoned(zone)
  }).format(new Date(at));
}

/// `3 Nov, 10:15`, with the year where it is not this one.
export function moment(at, zone) {
  const date = new Date(at);
  const year = date.getFullYear() === new Date(now()).getFullYear() ? {} : { year: 'numeric' };
  return format(Intl.DateTimeFormat, {
    day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23', ...year, ...zoned(zone),
  }).format(date);
}

export function month(text) {
  return format(Intl.DateTimeFormat, { month: 'long', year: 'numeric', timeZone: 'UTC' }).format(
    new Date(`${text}-01T00:00:00Z`)
  );
}

/// Date, time, offset and zone, for hovering.
function inFull(at, zone) {
  return format(Intl.DateTimeFormat, {
    dateStyle: undefined, day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit',
    second: '2-digit', hourCycle: 'h23', timeZoneName: 'longOffset', ...zoned(zone),
  }).format(new Date(at)) + (zone ? ` (${zone})` : '');
}

/// A point in time as an element: `show` is `moment`, `clock` or `day`.
export function timeMark(at, zone, show = moment) {
  if (!at) return none;
  const mark = h('time', { datetime: at, title: inFull(at, zone) }, show(at, zone));
  mark.sig = at;
  return mark;
}

/// How long ago something was, as an element that ticks by itself.
export function ago(at, zone) {
  if (!at) return none;
  const mark = h('time', { datetime: at, title: inFull(at, zone), data: { ago: '' } }, relative(at));
  mark.sig = at;
  return mark;
}

/// How long something lasts so far, as an element that ticks by itself.
export function lasting(since) {
  const mark = h('time', { datetime: since, data: { lasting: '' } }, duration((now() - new Date(since)) / 1000));
  mark.sig = since;
  return mark;
}

export function relative(at) {
  const seconds = (new Date(at).getTime() - now()) / 1000;
  const size = Math.abs(seconds);
  const say = (value, unit) => format(Intl.RelativeTimeFormat, {
    numeric: 'always', style: 'short',
  }).format(Math.round(value), unit);
  if (size < 5) return t('time.now');
  if (size < 60) return say(seconds, 'second');
  if (size < 3600) return say(seconds / 60, 'minute');
  if (size < 86_400) return say(seconds / 3600, 'hour');
  return say(seconds / 86_400, 'day');
}

/// Seconds with one place, for freshness and answers: `0.4 s`.
export function seconds(milliseconds) {
  if (milliseconds < 10_000) return `${number(Math.max(0, milliseconds) / 1000, 1)} s`;
  return duration(milliseconds / 1000);
}

setInterval(() => {
  for (const mark of document.querySelectorAll('time[data-ago]')) {
    const text = relative(mark.dateTime);
    if (mark.textContent !== text) mark.textContent = text;
  }
  for (const mark of document.querySelectorAll('time[data-lasting]')) {
    const text = duration((now() - new Date(mark.dateTime)) / 1000);
    if (mark.textContent !== text) mark.textContent = text;
  }
}, 1000);
