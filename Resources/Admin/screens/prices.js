// Prices that follow demand: the rules of each tariff that has some, where its price stands, and what moves it next.

import { mayRunAll, me } from '../api.js';
import { tariffs } from '../books.js';
import { h, path } from '../dom.js';
import { amount, none, timeMark } from '../format.js';
import { t, word } from '../i18n.js';
import { listSection } from '../lists.js';
import { mark } from '../states.js';
import { policyActions } from '../price-actions.js';

const period = 15_000;   // Milliseconds between two looks: a price moves with a beat of the house, not by an event of its own.

const tones = { draft: 'private', dry_run: 'estimated', live: 'ok', paused: 'expired' };

/// What becomes of a price by its rules, as shape and word.
export function stateOfPolicy({ state }) { return mark('yes', tones[state], word('prices.state', state)); }

export async function show({ root, signal, head }) {
  await tariffs.ready().catch(() => {});
  head({
    title: t('prices.title'), sub: t('prices.sub'), back: { href: '/tariffs', label: t('nav.tariffs') },
    buttons: [me.sites === null && h('a.button', { href: '/energy?tab=grid' }, t('energy.grid')),
      mayRunAll() && h('a.button', { href: '/prices/new' }, t('prices.new'))],
  });
  const money = (policy, value) => amount(value, tariffs.get(policy.tariff)?.tariff.currency ?? 'EUR', 6);
  const list = listSection({
    title: t('prices.list'), url: '/price-policies', signal, key: (p) => p.id, name: (p) => p.policy.name, href: (p) => path`/prices/${p.id}`,
    news: (e) => e.kind.startsWith('price_policy.') || e.kind.startsWith('tariff.'), page: 100, actions: (p) => policyActions(p, () => list.begin(), () => list.begin()),
    empty: h('span', null, t('prices.none'), ' ', mayRunAll() && h('a', { href: '/prices/new' }, t('prices.new'))),
    columns: [
      { id: 'name', label: t('field.name'), head: true, cell: (p) => h('a', { href: path`/prices/${p.id}` }, p.policy.name) },
      { id: 'state', label: t('col.state'), cell: stateOfPolicy },
      { id: 'tariff', label: t('col.tariff'), cell: (p) => h('a.id', { href: path`/tariffs/${p.tariff}` }, tariffs.get(p.tariff)?.ref ?? String(p.tariff)) },
      { id: 'price', label: t('prices.now'), num: true, cell: (p) => (p.price === null ? none : money(p, p.price)) },
      { id: 'planned', label: t('prices.planned'), cell: (p) => (p.planned ? [money(p, p.planned.price), ' · ', timeMark(p.planned.at)] : none) },
      { id: 'bounds', label: t('prices.bounds'), num: true, cell: (p) => `${money(p, p.policy.floor)} – ${money(p, p.policy.cap)}` },
      { id: 'step', label: t('prices.step'), num: true, cell: (p) => money(p, p.policy.step) },
      { id: 'moved', label: t('prices.moved'), calm: true, cell: (p) => timeMark(p.changed_at) },
      { id: 'trouble', label: t('prices.trouble'), wide: true, cut: true, cell: (p) => (p.trouble ? h('span.bad', { title: p.trouble }, p.trouble) : none) },
    ],
  });
  root.append(list.element);
  const timer = setInterval(() => { if (!document.hidden) list.refresh(); }, period);
  signal.addEventListener('abort', () => clearInterval(timer));
  await list.begin();
}
