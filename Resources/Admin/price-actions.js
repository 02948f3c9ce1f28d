// What can be done with the rules of a price: in the books alone, for drivers, or not; and away with them.

import { get, mayRunAll, patch, remove } from './api.js';
import { tariffs } from './books.js';
import { confirmDialog } from './dialog.js';
import { announce, path } from './dom.js';
import { amount } from './format.js';
import { t } from './i18n.js';
import { go } from './keys.js';

/// `changed(kept)` hears of another state, `gone()` that they are removed.
export function policyActions(kept, changed, gone) {
  const open = { label: t('prices.open'), key: 'e', run: () => go(path`/prices/${kept.id}`) };
  if (!mayRunAll()) return [open];
  const set = (state, fresh) => patch(path`/price-policies/${kept.id}`, { state }, { match: fresh }).then((now) => {
    announce(t(`prices.said.${state}`, { name: now.policy.name }));
    changed(now);
  });
  const { state } = kept;
  return [
    open,
    state !== 'live' && { label: t('prices.go_live'), key: 'v', isMain: state === 'dry_run', run: () => confirmLive(kept, set) },
    state !== 'dry_run' && state !== 'live' && { label: t('prices.dry_run'), key: 'd', isMain: true, run: () => set('dry_run') },
    (state === 'live' || state === 'dry_run') && { label: t('prices.stop'), key: 'p', danger: state === 'live', run: () => set('paused') },
    state !== 'live' && {
      label: t('prices.remove'), key: 'x', danger: true, run: () => confirmDialog({
        title: t('prices.remove.title', { name: kept.policy.name }), text: t('prices.remove.text'), submit: t('prices.remove'), type: kept.policy.name,
        send: () => remove(path`/price-policies/${kept.id}`), done: gone,
      }),
    },
  ].filter(Boolean);
}

/// Says once more what drivers and partners will see, by the rules as they are now.
async function confirmLive({ id }, set) {
  const [kept] = await Promise.all([get(path`/price-policies/${id}`), tariffs.ready().catch(() => {})]);
  const tariff = tariffs.get(kept.tariff);
  const money = (value) => amount(value, tariff?.tariff.currency ?? 'EUR', 6);
  confirmDialog({
    title: t('prices.go_live.title', { name: kept.policy.name }), submit: t('prices.go_live'),
    text: t('prices.go_live.text', { ref: tariff?.ref ?? kept.tariff, n: tariff?.connectors ?? 0, floor: money(kept.policy.floor), cap: money(kept.policy.cap) }),
    send: () => set('live', kept),
  });
}
