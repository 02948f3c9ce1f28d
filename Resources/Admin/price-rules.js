// The rules by which a price follows demand: how they are said in words, drawn as a form, and read from it.

import { fill, freshID, h } from './dom.js';
import { amount, number } from './format.js';
import { fieldRow } from './forms.js';
import { locale, t } from './i18n.js';
import { week, whenInWords } from './tariff-words.js';

const kinds = ['occupancy', 'hours', 'grid', 'surplus'];
const clockPattern = '([01][0-9]|2[0-3]):[0-5][0-9]';
const decimal = '-?[0-9]+([.,][0-9]+)?';

const monthName = (n) => new Intl.DateTimeFormat(locale, { month: 'short', timeZone: 'UTC' }).format(new Date(Date.UTC(2024, n - 1, 1)));
// What was typed as it was typed, also where it cannot be read yet: a form that is drawn anew must not lose it.
const typed = new WeakMap();

const signed = (value, text) => `${value > 0 ? '+' : ''}${text}`;
const isSet = (value) => value !== null && value !== undefined;

/// `60 % or more of the EVSEs in use, Mon–Fri: +€0.05 per kWh`.
export function ruleInWords(rule, currency) {
  const { start_time, end_time, day_of_week } = rule;
  const when = [inputInWords(rule, currency), whenInWords({ start_time, end_time, day_of_week }), rule.months?.length ? rule.months.map(monthName).join(', ') : ''];
  const what = [
    isSet(rule.add) && t('prices.then.add', { amount: signed(rule.add, amount(rule.add, currency, 6)) }),
    isSet(rule.percent) && t('prices.then.percent', { percent: signed(rule.percent, number(rule.percent, places(rule.percent))) }),
    isSet(rule.share) && t('prices.then.share', { percent: number(rule.share * 100, places(rule.share * 100)) }),
  ];
  return `${when.filter(Boolean).join(', ') || t('prices.when.always')}: ${what.filter(Boolean).join(', ')}`;
}

function places(value) { return Number.isInteger(value) ? 0 : 1; }

function inputInWords(rule, currency) {
  if (rule.kind === 'hours') return '';
  const said = {
    occupancy: (value) => `${number(value)} %`, grid: (value) => amount(value, currency, 6), surplus: (value) => `${number(value, places(value))} kW`,
  }[rule.kind];
  const [from, below] = [rule.from, rule.below];
  const range = isSet(from) && isSet(below) ? t('prices.range.both', { from: said(from), below: said(below) })
    : isSet(from) ? t('prices.range.from', { from: said(from) }) : isSet(below) ? t('prices.range.below', { below: said(below) }) : t('prices.range.any');
  return t(`prices.when.${rule.kind}`, { range });
}

/// A form of the rules; `rules` is changed as it is filled in. `currency()` is the tariff's.
export function ruleForm(rules, currency) {
  const place = h('div');
  const draw = () => fill(place, rules.map((rule, i) => ruleFields(rules, rule, i, currency, draw)), h('p', null, h('button', {
    type: 'button', on: {
      click: () => {
        rules.push({ kind: 'hours', start_time: '22:00', end_time: '06:00' });
        draw();
        place.querySelectorAll('fieldset')[rules.length - 1].querySelector('select').focus();
      },
    },
  }, t('prices.rule.add'))));
  draw();
  place.draw = draw;
  return place;
}

function ruleFields(rules, rule, i, currency, draw) {
  const words = h('span.mute');
  const told = () => { words.textContent = has(rule) ? ruleInWords(rule, currency()) : t('prices.rule.nothing'); };
  const set = (name, read) => ({ target }) => {
    const text = target.value.trim();
    typed.set(rule, { ...typed.get(rule), [name]: text });
    if (text !== '' && !target.validity.valid) return target.setAttribute('aria-invalid', 'true');
    const value = text === '' ? null : read(text);
    target.removeAttribute('aria-invalid');
    if (value === null) delete rule[name]; else rule[name] = value;
    told();
  };
  const asNumber = (text) => Number(text.replace(',', '.'));
  const field = (name, label, value, more = {}) => fieldRow({ name: `rules[${i}].${name}`, label, value: typed.get(rule)?.[name] ?? value ?? '', optional: ' ', cls: 'quarter', ...more });
  const figure = (name, label) => field(name, label, rule[name], { type: 'decimal', pattern: decimal, on: { input: set(name, asNumber) } });
  const time = (name, label, placeholder) => field(name, label, rule[name], { placeholder, maxlength: 5, pattern: clockPattern, on: { input: set(name, String) } });
  const fields = h('div.form.grid', null,
    fieldRow({
      name: `rules[${i}].kind`, label: t('prices.rule.kind'), type: 'select', value: rule.kind, required: true, cls: 'half', options: kinds.map((value) => ({ value, label: t(`prices.kind.${value}`) })),
      on: { change: ({ target }) => {
        rule.kind = target.value;
        if (rule.kind === 'hours') { delete rule.from; delete rule.below; }
        draw();
        document.getElementsByName(`rules[${i}].kind`)[0]?.focus();
      } },
    }),
    rule.kind !== 'hours' && [figure('from', t(`prices.from.${rule.kind}`)), figure('below', t(`prices.below.${rule.kind}`))],
    time('start_time', t('tariff.field.from'), '22:00'), time('end_time', t('tariff.field.to'), '06:00'),
    figure('add', t('prices.add')), figure('percent', t('prices.percent')),
    field('share', t('prices.share'), isSet(rule.share) ? String(Number((rule.share * 100).toFixed(4))) : '', {
      type: 'decimal', pattern: decimal, on: { input: set('share', (text) => Number((asNumber(text) / 100).toFixed(6))) },
    }));
  told();
  return h('fieldset.element', null, h('legend', null, t('prices.rule', { n: i + 1 }), ' ', words), fields,
    choices(t('tariff.field.days'), week.map((day) => [day, t(`day.${day.toLowerCase()}`)]), rule, 'day_of_week', told),
    choices(t('prices.months'), Array.from({ length: 12 }, (_, at) => [at + 1, monthName(at + 1)]), rule, 'months', told),
    rules.length > 1 && h('div.buttons', null, h('button', {
      type: 'button', 'aria-label': t('prices.rule.remove', { n: i + 1 }), on: { click: () => { rules.splice(i, 1); draw(); } },
    }, t('tariff.element.remove'))));
}

function has(rule) { return ['add', 'percent', 'share'].some((name) => isSet(rule[name])); }

/// Boxes for some of a few; all of them is the same as none.
function choices(label, all, rule, name, told) {
  const id = freshID('choices');
  const boxes = all.map(([value, text]) => [value, h('input', {
    type: 'checkbox', checked: rule[name]?.includes(value), on: {
      change: () => {
        const chosen = boxes.filter(([, box]) => box.checked).map(([one]) => one);
        if (chosen.length && chosen.length < all.length) rule[name] = chosen; else delete rule[name];
        told();
      },
    },
  }), text]);
  return h('div.days', { role: 'group', 'aria-labelledby': id }, h('span.label', { id }, label), boxes.map(([, box, text]) => h('label.chip', null, box, text)));
}
