// What a session is to get and where it ends by itself, and what its energy cost the house and the climate.

import { get, mayRun, patch } from './api.js';
import { reading } from './dialog.js';
import { announce, fill, h, path } from './dom.js';
import { editDialog } from './editing.js';
import { amount, duration, kilowattHours, none, number, timeMark } from './format.js';
import { t } from './i18n.js';
import { facts } from './lists.js';
import { plainTable } from './table.js';
import { inZone, localIn, zoneHint } from './zones.js';

const positive = '[0-9]+([.,][0-9]+)?';

/// A section of needs and limits; `current()` gives the session, `changed()` reads it anew.
export function wishSection(current, changed) {
  const section = h('section', { hidden: true });
  const draw = () => {
    const session = current();
    const { need, limit, location } = session;
    const isOpen = !session.ended_at && mayRun();
    section.hidden = !need && !isAny(limit) && !isOpen;
    if (section.hidden) return;
    fill(section, h('div.section-head', null, h('h2', null, t('wish.title')), h('div.buttons', null, isOpen && [
      h('button', { type: 'button', on: { click: () => needDialog(session, changed) } }, t('wish.need')),
      h('button', { type: 'button', on: { click: () => limitDialog(session, changed) } }, t('wish.limit')),
    ])), !need && !isAny(limit) ? h('p.mute', null, t('wish.none')) : facts(
      need && [t('wish.energy'), need.energy_kwh && kilowattHours(need.energy_kwh, 1)], need && [t('wish.departs'), need.departs_at && timeMark(need.departs_at, location?.time_zone)],
      need && [t('wish.priority'), number(need.priority)], need && [t('wish.phases'), need.phases && number(need.phases)],
      need && [t('wish.least'), need.least_a && t('load.amperes', { n: number(need.least_a, 1) })], need && [t('wish.most'), need.most_a && t('load.amperes', { n: number(need.most_a, 1) })],
      need?.sun_only && [t('wish.sun'), t('yes')],
      isAny(limit) && [t('wish.ends'), limitInWords(limit, session)]));
  };
  draw();
  section.draw = draw;
  return section;
}

const isAny = (limit) => limit && Object.values(limit).some((value) => value !== null);

function limitInWords(limit, session) {
  return [
    limit.energy_kwh !== null && kilowattHours(limit.energy_kwh, 1), limit.cost !== null && amount(limit.cost, session.cost?.currency ?? session.tariff?.currency ?? 'EUR'),
    limit.seconds !== null && duration(limit.seconds), limit.soc !== null && `${number(limit.soc)} %`,
  ].filter(Boolean).join(' · ');
}

function needDialog({ id, location }, changed) {
  const zone = location?.time_zone;
  const values = (need) => ({ ...need, departs_at: need.departs_at && localIn(need.departs_at, zone), phases: need.phases ? String(need.phases) : '' });
  return editDialog(path`/sessions/${id}/need`, (now) => {
    const need = values(now);
    return {
      title: t('wish.need'), intro: t('wish.need.text'), submit: t('save'), values,
      fields: [
        { name: 'energy_kwh', type: 'decimal', pattern: positive, label: t('wish.energy'), value: need.energy_kwh, cls: 'half', hint: t('wish.energy.hint') },
        { name: 'departs_at', type: 'datetime-local', label: t('wish.departs'), value: need.departs_at, cls: 'half', hint: zoneHint(zone) },
        { name: 'priority', type: 'number', min: 0, max: 9, label: t('wish.priority'), value: need.priority, required: true, cls: 'half', hint: t('wish.priority.hint') },
        { name: 'phases', type: 'select', label: t('wish.phases'), value: need.phases, cls: 'half', options: [{ value: '', label: t('wish.phases.any') }, ...['1', '2', '3'].map((value) => ({ value, label: value }))] },
        { name: 'least_a', type: 'decimal', pattern: positive, label: t('wish.least'), value: need.least_a, cls: 'half' },
        { name: 'most_a', type: 'decimal', pattern: positive, label: t('wish.most'), value: need.most_a, cls: 'half' },
        { name: 'sun_only', type: 'check', label: t('wish.sun'), value: need.sun_only, hint: t('wish.sun.hint') },
      ],
      send: (typed, match) => patch(path`/sessions/${id}/need`, {
        ...typed, phases: Number(typed.phases) || null, departs_at: typed.departs_at && inZone(typed.departs_at, zone).toISOString(),
      }, { match }),
      done: () => { announce(t('saved')); changed(); },
    };
  });
}

function limitDialog({ id, cost, tariff }, changed) {
  const values = (limit) => ({ ...limit, minutes: limit.seconds === null ? null : Math.round(limit.seconds / 60) });
  return editDialog(path`/sessions/${id}/limit`, (now) => {
    const limit = values(now);
    return {
      title: t('wish.limit'), intro: t('wish.limit.text'), submit: t('save'), values,
      fields: [
        { name: 'energy_kwh', type: 'decimal', pattern: positive, label: t('wish.limit.energy'), value: limit.energy_kwh, cls: 'half' },
        { name: 'cost', type: 'decimal', pattern: positive, label: t('wish.limit.cost', { currency: cost?.currency ?? tariff?.currency ?? '' }), value: limit.cost, cls: 'half' },
        { name: 'minutes', type: 'number', min: 1, max: 44_640, label: t('wish.limit.minutes'), value: limit.minutes, cls: 'half' },
        { name: 'soc', type: 'number', min: 0, max: 100, label: t('wish.limit.soc'), value: limit.soc, cls: 'half' },
      ],
      send: ({ minutes, ...rest }, match) => patch(path`/sessions/${id}/limit`, { ...rest, seconds: minutes === null ? null : minutes * 60 }, { match }),
      done: () => { announce(t('saved')); changed(); },
    };
  });
}

// MARK: What it cost us

/// A section of grams of CO2 and of what its energy cost, which are known once factors and prices are; money once there is a
/// bill. `current()` gives the session.
export function footprintSection(current, signal) {
  const section = h('section'), place = h('div');
  fill(section, h('h2', null, t('footprint.title')), place);
  let round = 0;
  section.begin = () => reading(place, async () => {
    const mine = ++round;
    const { id, cdr } = current();
    const [carbon, margin] = await Promise.all([get(path`/sessions/${id}/carbon`, {}, { signal }), cdr ? get(path`/sessions/${id}/margin`, {}, { signal }) : { costed_kwh: 0, moneys: [] }]);
    if (mine !== round) return false;
    const wasOpen = place.querySelector('details')?.open;
    const isCosted = Number(margin.costed_kwh) > 0;
    const money = (name) => margin.moneys.map((one) => amount(one[name], one.currency)).join(' · ') || none;
    const missing = Number(carbon.uncovered_kwh);
    return fill(place, facts(
      [t('footprint.co2'), Number(carbon.energy_kwh) > missing ? `${number(carbon.co2_g)} g` : t('footprint.co2.none')],
      missing > 0 && Number(carbon.energy_kwh) > missing && [t('footprint.uncovered'), kilowattHours(missing)],
      cdr && [t('analytics.revenue'), money('revenue')], cdr && [t('analytics.cost'), isCosted ? money('cost') : t('footprint.cost.none')],
      isCosted && [t('analytics.margin.left'), money('margin')]),
    isCosted && margin.quarters.length > 0 && h('details', { open: wasOpen }, h('summary', null, t('footprint.quarters')), plainTable(t('footprint.quarters'), [
      { label: t('col.start'), head: true }, { label: t('col.energy'), num: true }, { label: t('analytics.price.value'), num: true }, { label: t('col.cost'), num: true },
    ], margin.quarters.map((one) => [timeMark(one.start), kilowattHours(one.energy_kwh), one.price_per_kwh === null ? none : amount(one.price_per_kwh, one.currency, 6), one.cost === null ? none : amount(one.cost, one.currency, 4)]), 'narrow')));
  }, signal);
  return section;
}
