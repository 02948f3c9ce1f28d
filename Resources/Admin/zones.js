// Times as forms have them: a date and a clock without a zone, which are those of the site where there is one.

import { t } from './i18n.js';

/// The zone of the site with that id, and without one that of the house, which is its first site's; undefined where there is
/// no site yet.
export function zoneOf(sites, id = null) { return (sites.find((site) => String(site.id) === String(id)) ?? sites[0])?.time_zone; }

/// By whose clock a time is typed, where that need not be this computer's.
export function zoneHint(zone) { return zone && t('zone.hint', { zone }); }

/// The moment at which the clocks of a zone show what a form gives (`2026-11-30T10:00`); those of this computer without a zone.
/// Of an hour that comes twice, as summer time ends, it is the first; what is in none is as much later as the clock skipped.
export function inZone(local, zone) {
  if (!zone) return new Date(local);
  const shown = Date.parse(`${local}Z`);
  // By the offset of the day before, and of then, where the clocks have changed in between.
  const before = shown - offset(shown - 86_400_000, zone);
  const after = shown - offset(before, zone);
  return new Date(after + offset(after, zone) === shown ? after : before);
}

/// What a form shows of a moment.
export function localIn(at, zone) {
  const time = new Date(at).getTime();
  const ahead = zone ? offset(time, zone) : -60_000 * new Date(at).getTimezoneOffset();
  return new Date(time + ahead).toISOString().slice(0, 16);
}

/// Milliseconds by which the clocks of a zone are ahead of UTC.
function offset(at, zone) {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric',
  }).formatToParts(at);
  const [year, month, ...rest] = ['year', 'month', 'day', 'hour', 'minute', 'second'].map((name) => Number(parts.find(({ type }) => type === name).value));
  return Date.UTC(year, month - 1, ...rest) - Math.floor(at / 1000) * 1000;
}
