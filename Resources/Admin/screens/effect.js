// What a change did, such as a discount: use before and after a day, side by side, over hours of the week.

import { get, me } from '../api.js';
import { locations, tariffs } from '../books.js';
import { reading } from '../dialog.js';
import { fill, h } from '../dom.js';
import { amount, day, duration, kilowattHours, none, now, number } from '../format.js';
import { filterBar } from '../forms.js';
import { t } from '../i18n.js';
import { plainTable } from '../table.js';
import { week } from '../tariff-words.js';

const spans = [7, 14, 28, 91];
const groups = { '': [], weekdays: week.slice(0, 5), weekend: week.slice(5) };

export async function show({ root, signal, query, head, keep }) {
  head({ title: t('effect.title'), sub: t('effect.sub'), back: { href: '/analytics', label: t('nav.analytics') } });
  if (me.sites !== null) return root.append(h('p', null, t('energy.whole')));
  await Promise.all([locations.ready(), tariffs.ready()]).catch(() => {});
  if (signal.aborted) return;
  const named = query.get('days_of') ?? '';
  const hours = (from, to, label) => Array.from({ length: to - from + 1 }, (_, i) => ({ value: String(from + i), label: `${label} ${String(from + i).padStart(2, '0')}:00` }));
  const bar = filterBar([
    { name: 'since', type: 'date', label: t('effect.since'), value: query.get('since') ?? lastChange() },
    { name: 'days', type: 'select', label: t('analytics.span'), value: query.get('days') ?? '28', options: spans.map((n) => ({ value: String(n), label: t('effect.days', { n }) })) },
    { name: 'location', type: 'select', label: t('col.site'), value: query.get('location'), options: [{ value: '', label: t('analytics.all') }, ...locations.list().map((s) => ({ value: String(s.id), label: s.name }))] },
    { name: 'from', type: 'select', label: t('effect.from'), value: query.get('from') ?? '22', options: hours(0, 23, t('tariff.field.from')) },
    { name: 'to', type: 'select', label: t('effect.to'), value: query.get('to') ?? '6', options: hours(1, 24, t('tariff.field.to')) },
    {
      name: 'days_of', type: 'select', label: t('tariff.field.days'), value: named,
      options: [...Object.keys(groups).map((value) => ({ value, label: t(`effect.on.${value || 'all'}`) })), ...(named && !(named in groups) ? [{ value: named, label: namesOf(named.split(',')) }] : [])],
    },
  ], () => { keep(bar.values()); draw(); });
  const place = h('div.stack');
  root.append(bar, h('p.mute', null, t('effect.text')), place);
  let round = 0;
  const draw = () => reading(place, async () => {
    const mine = ++round;
    const { since, days, location, from, to, days_of: chosen } = bar.values();
    if (!since) return fill(place, h('p', null, t('effect.choose')));
    const found = await get('/insight/effect', { since, days, location, from_hour: from, to_hour: to, day_of_week: (groups[chosen] ?? chosen.split(',')).join() }, { signal });
    if (mine !== round) return false;
    return fill(place, comparison(found));
  }, signal);
  await draw();
}

const namesOf = (days) => days.map((name) => t(`day.${name.toLowerCase()}`)).join(', ');

/// The day of the newest version of a tariff: the likeliest change.
function lastChange() {
  const newest = tariffs.list().map((one) => one.updated_at).sort().at(-1);
  return (newest ?? new Date(now()).toISOString()).slice(0, 10);
}

const share = (value) => (value === null ? none : `${number(Number(value) * 100, 1)} %`);

function comparison({ since, days, before, after }) {
  const isOver = new Date(since).getTime() + days * 86_400_000 <= now();
  const known = Math.max(0, Math.min(days, Math.floor((now() - new Date(since)) / 86_400_000)));
  // Sums grow with each day: they are held against others once there are as many days.
  const row = (label, name, show, points) => {
    const [was, is] = [before[name], after[name]].map((value) => (value === null ? null : Number(value)));
    const more = was === null || is === null ? none : points ? t('effect.points', { n: sign((is - was) * 100) }) : was && isOver ? `${sign(((is - was) / was) * 100)} %` : none;
    return [label, show(before[name]), show(after[name]), more];
  };
  const sign = (value) => `${value > 0 ? '+' : ''}${number(value, 1)}`;
  const currencies = [...new Set([...before.revenue, ...after.revenue].map((one) => one.currency))];
  const money = currencies.map((currency) => {
    const [was, is] = [before, after].map((part) => Number(part.revenue.find((one) => one.currency === currency)?.excl_vat ?? 0));
    return [t('analytics.revenue'), amount(was, currency), amount(is, currency), was && isOver ? `${sign(((is - was) / was) * 100)} %` : none];
  });
  return [
    h('p', null, t(isOver ? 'effect.whole' : 'effect.so_far', { day: day(since), days, known })),
    plainTable(t('effect.title'), [{ label: t('col.what'), head: true }, { label: t('discount.before'), num: true }, { label: t('discount.after'), num: true }, { label: t('effect.more'), num: true }], [
      row(t('effect.share'), 'share_in_hours', share, true), row(t('col.energy'), 'energy_kwh', (value) => kilowattHours(value, 1)), row(t('nav.sessions'), 'sessions', (value) => number(value)),
      row(t('analytics.utilisation'), 'utilisation', share, isOver), row(t('analytics.busy'), 'busy_seconds', duration), row(t('analytics.idle'), 'idle_seconds', duration), ...money,
    ], 'narrow'),
  ];
}
