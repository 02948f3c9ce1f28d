// Reports: how much of the time ports were of use by a rule, what is left out and why, and the tables that the law asks for.

import { get, me } from '../api.js';
import { locations, stations } from '../books.js';
import { reading } from '../dialog.js';
import { downtimeColumns, downtimeList } from '../downtimes.js';
import { fill, h, path } from '../dom.js';
import { day, duration, month, none, now, number } from '../format.js';
import { filterBar } from '../forms.js';
import { t, word } from '../i18n.js';
import { csvButton } from '../lists.js';
import { mark } from '../states.js';
import { LiveTable } from '../table.js';

const rules = ['plain', 'nevi', 'uk_2023'];
const scopes = ['port', 'station', 'site'];

export async function show(context) {
  const { root, signal, query, head } = context;
  const tab = query.get('tab') === 'downtimes' ? 'downtimes' : 'uptime';
  head({ title: t('reports.title'), sub: t('reports.sub'), back: { href: '/analytics', label: t('nav.analytics') } });
  await Promise.all([locations.ready(), stations.ready()]).catch(() => {});
  if (signal.aborted) return;
  root.append(h('nav.tabs', { 'aria-label': t('reports.title') }, h('ul', null, ['uptime', 'downtimes'].map((name) => h('li', null, h('a', {
    href: name === 'uptime' ? '/reports' : `/reports?tab=${name}`, 'aria-current': name === tab ? 'page' : null,
  }, t(`reports.${name}`)))))));
  if (tab === 'uptime') return showUptime(context);
  const list = downtimeList(signal);
  root.append(list.element);
  await list.begin();
}

async function showUptime({ root, signal, query, keep }) {
  const wished = query.get('period');
  const bar = filterBar([
    { name: 'rule', type: 'select', label: t('reports.rule'), value: query.get('rule') ?? 'plain', options: rules.map((value) => ({ value, label: t(`reports.rule.${value}`) })) },
    { name: 'period', type: 'select', label: t('reports.period'), value: wished ?? periods()[0], options: [...new Set([...periods(), ...(spanOf(wished) ? [wished] : [])])].map((value) => ({ value, label: periodName(value) })) },
    { name: 'location', type: 'select', label: t('col.site'), value: query.get('location'), options: [{ value: '', label: t('analytics.all') }, ...locations.list().map((s) => ({ value: String(s.id), label: s.name }))] },
    { name: 'by', type: 'select', label: t('reports.by'), value: query.get('by') ?? 'port', options: scopes.map((value) => ({ value, label: t(`reports.by.${value}`) })) },
  ], () => { keep(bar.values()); draw(); });
  const place = h('div.stack'), papers = h('div');
  root.append(h('div', null, bar, place, papers));
  const values = () => {
    const { period, location } = bar.values();
    return { ...spanOf(period), location };
  };
  let round = 0;
  const draw = () => {
    fill(papers, paperSection(bar.values().rule, values));
    return reading(place, async () => {
      const mine = ++round;
      const report = await get('/reports/uptime', { ...values(), rule: bar.values().rule }, { signal });
      if (mine !== round) return false;
      return fill(place, network(report, bar.values().period), ports(report, bar.values().by), exclusions(report));
    }, signal);
  };
  await draw();
}

// MARK: Periods

/// The months, quarters and years that somebody may want, the newest first: `2026-11`, `2026-Q4`, `2026`.
function periods() {
  const date = new Date(now());
  const [year, at] = [date.getUTCFullYear(), date.getUTCMonth()];
  const back = (count, each) => Array.from({ length: count }, (_, i) => each(i));
  return [
    ...back(13, (i) => new Date(Date.UTC(year, at - i, 1)).toISOString().slice(0, 7)),
    ...back(9, (i) => {
      const first = new Date(Date.UTC(year, (Math.floor(at / 3) - i) * 3, 1));
      return `${first.getUTCFullYear()}-Q${first.getUTCMonth() / 3 + 1}`;
    }),
    ...back(4, (i) => String(year - i)),
  ];
}

/// A period as the API takes it; null where it is none.
function spanOf(period) {
  const [, year, quarter, at] = /^(\d{4})(?:-Q([1-4])|-(0[1-9]|1[0-2]))?$/.exec(period ?? '') ?? [];
  if (!year) return null;
  if (!at) return { year, quarter };
  return { from: `${period}-01T00:00:00Z`, to: new Date(Date.UTC(Number(year), Number(at), 1)).toISOString() };
}

function periodName(period) {
  if (/-\d\d$/.test(period)) return month(period);
  return period.includes('Q') ? t('reports.quarter', { quarter: period.slice(6), year: period.slice(0, 4) }) : t('reports.year', { year: period });
}

// MARK: The report

const minutes = (value) => (Number(value) ? duration(Number(value) * 60) : none);
const percent = (value) => (value === null ? none : `${number(value, 3)} %`);

function verdict(meets) {
  if (meets === null) return none;
  return mark('yes', meets ? 'ok' : 'failed', t(meets ? 'reports.met' : 'reports.missed'));
}

function network({ rule, from, to, threshold_percent: threshold, network: all }, period) {
  const figure = (label, value, note) => h('div', null, h('dt', null, label), h('dd.fig', null, value), note && h('dd.mute', null, note));
  const causes = Object.entries(all.excluded_minutes).map(([cause, value]) => `${word('cause', cause)}: ${minutes(value)}`).join(', ');
  const days = { from: day(from, 'UTC'), to: day(new Date(to).getTime() - 1, 'UTC') };
  return h('section', { 'aria-label': t('reports.network') },
    h('p', null, t(`reports.rule.${rule}.text`), ' ', t(new Date(to).getTime() >= now() - 120_000 ? 'reports.so_far' : 'reports.whole', { period: periodName(period), ...days })),
    h('dl.kpis', null,
      figure(t('reports.uptime'), percent(all.uptime_percent), threshold && [t('reports.threshold', { percent: number(threshold) }), ' ', verdict(all.meets_threshold)]),
      figure(t('reports.ports'), number(all.ports), t('reports.points', { n: all.charge_points })),
      figure(t('reports.measured'), minutes(all.measured_minutes), `${t('reports.gap')}: ${minutes(all.gap_minutes)}`),
      figure(t('reports.outage'), minutes(all.outage_minutes), `${t('reports.unknown')}: ${minutes(all.unknown_minutes)}`),
      figure(t('reports.excluded'), minutes(Object.values(all.excluded_minutes).reduce((sum, value) => sum + Number(value), 0)), causes || ' ')),
    Number(all.gap_minutes) > 0 && h('p.mute', null, t('reports.gap.text')),
    Number(all.unknown_minutes) > 0 && h('p.mute', null, t(rule === 'uk_2023' ? 'reports.unknown.uk' : 'reports.unknown.text')));
}

const sums = ['measured_minutes', 'outage_minutes', 'excluded_minutes', 'closed_minutes', 'unknown_minutes', 'gap_minutes'];

/// The lines of a report: its ports, or what several of them come to by the minutes of all.
function linesOf({ rule, threshold_percent: threshold, ports: all }, by) {
  const siteOf = (port) => stations.get(port.station)?.location?.name ?? locations.list().find((s) => s.ref === port.location)?.name ?? port.location;
  const eachPort = all.map((port) => ({ ...port, key: port.uid, ports: 1, site: siteOf(port) }));
  if (by === 'port') return eachPort;
  const groups = new Map();
  for (const port of eachPort) {
    const key = by === 'station' ? port.station : port.location ?? '';
    const group = groups.get(key) ?? { key, site: port.site, station: by === 'station' ? port.station : null, evse: null, ports: 0, ...Object.fromEntries(sums.map((name) => [name, 0])) };
    group.ports += 1;
    for (const name of sums) group[name] += Number(port[name]);
    groups.set(key, group);
  }
  return [...groups.values()].map((group) => {
    const { measured_minutes: measured, outage_minutes: outage, excluded_minutes: excluded } = group;
    const uptime = measured > 0 ? ((measured - outage + excluded) / measured) * 100 : null;
    const meets = threshold === null || uptime === null ? null : rule === 'nevi' ? uptime > Number(threshold) : uptime >= Number(threshold);
    return { ...group, uptime_percent: uptime, meets_threshold: meets };
  });
}

function ports(report, by) {
  const table = new LiveTable({
    caption: t(`reports.by.${by}`), key: (one) => one.key, name: (one) => one.station ?? one.site, empty: () => h('p.mute', null, t('reports.none')), sort: { by: 'uptime' },
    href: (one) => (one.station ? path`/stations/${one.station}` + '?tab=history' : null),
    columns: [
      by === 'site' ? { id: 'site', label: t('col.site'), head: true, sort: (one) => one.site ?? '', cell: (one) => one.site ?? t('field.site.none') }
        : { id: 'station', label: t('col.station'), head: true, sort: (one) => `${one.station} ${one.evse ?? ''}`, cell: (one) => h('a.id', { href: path`/stations/${one.station}` + '?tab=history' }, one.station, one.evse ? ` · ${one.evse}` : '') },
      by !== 'site' && { id: 'site', label: t('col.site'), cut: true, cell: (one) => one.site ?? none },
      by !== 'port' && { id: 'ports', label: t('reports.ports'), num: true, cell: (one) => number(one.ports) },
      { id: 'uptime', label: t('reports.uptime'), num: true, sort: (one) => (one.uptime_percent === null ? 101 : Number(one.uptime_percent)), cell: (one) => percent(one.uptime_percent) },
      report.threshold_percent !== null && { id: 'meets', label: t('reports.verdict'), cell: (one) => verdict(one.meets_threshold) },
      { id: 'measured', label: t('reports.measured'), num: true, cell: (one) => minutes(one.measured_minutes) },
      { id: 'outage', label: t('reports.outage'), num: true, sort: (one) => Number(one.outage_minutes), cell: (one) => minutes(one.outage_minutes) },
      { id: 'excluded', label: t('reports.excluded'), num: true, cell: (one) => minutes(one.excluded_minutes) },
      { id: 'closed', label: t('reports.closed'), num: true, cell: (one) => minutes(one.closed_minutes) },
      { id: 'unknown', label: t('reports.unknown'), num: true, cell: (one) => minutes(one.unknown_minutes) },
      { id: 'gap', label: t('reports.gap'), num: true, cell: (one) => minutes(one.gap_minutes) },
    ].filter(Boolean),
  });
  table.show(linesOf(report, by));
  return h('section', null, h('h2', null, t(`reports.by.${by}`)), table.element);
}

function exclusions({ ports: all }) {
  const found = new Map(all.flatMap((port) => port.exclusions.map((one) => [one.id, one])));
  const table = new LiveTable({
    caption: t('reports.exclusions'), key: (one) => one.id, empty: () => h('p.mute', null, t('reports.exclusions.none')), columns: downtimeColumns(),
  });
  table.show([...found.values()]);
  return h('section', null, h('div.section-head', null, h('h2', null, t('reports.exclusions')), h('div.buttons', null, h('a.button', { href: '/reports?tab=downtimes' }, t('reports.downtimes')))), h('p.mute', null, t('reports.exclusions.text')), table.element);
}

// MARK: As tables

const shelf = 'ostler.network';

function paperSection(rule, values) {
  let kept = '';
  try { kept = localStorage.getItem(shelf) ?? ''; } catch { /* It is typed again. */ }
  const name = h('input', {
    type: 'text', name: 'network', value: kept, placeholder: t('reports.provider'), 'aria-label': t('reports.provider'), size: 28, autocomplete: 'off',
    on: { change: () => { try { localStorage.setItem(shelf, name.value.trim()); } catch { /* Only this once. */ } } },
  });
  const law = () => ({ ...values(), network_provider: name.value.trim() });
  const paper = (key, button) => h('li', null, h('b', null, t(`reports.paper.${key}`)), ' ', h('span.mute', null, t(`reports.paper.${key}.text`)), ' ', button);
  return h('section', null, h('h2', null, t('reports.papers')), h('ul.plain.papers', null,
    paper('uptime', csvButton('/reports/uptime', () => ({ ...values(), rule }), 'CSV')),
    paper('sessions', csvButton('/reports/nevi-sessions', law, 'CSV')), paper('modules', csvButton('/reports/nevi-uptime', law, 'CSV')),
    paper('outages', csvButton('/reports/nevi-outages', law, 'CSV')),
    me.sites === null && h('li', null, h('label', null, t('reports.provider'), ' ', name), ' ', h('span.mute', null, t('reports.provider.text'))),
    paper('carbon', csvButton('/reports/carbon', () => spanInTimes(values()), 'CSV'))));
}

/// The grams of CO2 are asked for by times alone.
function spanInTimes({ from, to, year, quarter }) {
  if (from) return { from, to };
  const first = quarter ? (Number(quarter) - 1) * 3 : 0;
  return { from: new Date(Date.UTC(Number(year), first, 1)).toISOString(), to: new Date(Date.UTC(Number(year), first + (quarter ? 3 : 12), 1)).toISOString() };
}
