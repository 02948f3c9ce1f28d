// Tariffs: what charging costs, which version counts, and how many connectors use each.

import { mayRunAll, me } from '../api.js';
import { tariffs } from '../books.js';
import { h, path } from '../dom.js';
import { ago, none, number } from '../format.js';
import { t } from '../i18n.js';
import { importButton } from '../imports.js';
import { csvButton } from '../lists.js';
import { LiveTable } from '../table.js';
import { priceInWords } from '../tariff-words.js';
import { removeTariff } from './tariff.js';
import { go } from '../keys.js';

export async function show({ root, signal, head }) {
  head({
    title: t('nav.tariffs'), sub: t('tariffs.sub'),
    buttons: [me.sites === null && h('a.button', { href: '/prices' }, t('prices.title')), csvButton('/tariffs'), mayRunAll() && [importButton('tariffs'), h('a.button', { href: '/tariffs/new' }, t('tariffs.add'))]],
  });
  const table = new LiveTable({
    caption: t('nav.tariffs'), key: (row) => row.id, href: (row) => path`/tariffs/${row.id}`, name: (row) => row.ref,
    actions: (row) => (mayRunAll() ? [
      { label: t('tariffs.change'), key: 'e', run: () => go(path`/tariffs/${row.id}`) },
      { label: t('tariffs.copy'), key: 'c', run: () => go(path`/tariffs/new?from=${row.id}`) },
      { label: t('tariffs.remove'), key: 'x', danger: true, run: () => removeTariff(row) },
    ] : []),
    empty: () => h('div', null, h('h2', null, t('tariffs.none')), h('p', null, t('tariffs.none.text')),
      mayRunAll() && h('p', null, h('a', { href: '/tariffs/new' }, t('tariffs.add')))),
    columns: [
      {
        id: 'ref', label: t('col.tariff'), head: true, sort: (row) => row.ref,
        cell: (row) => h('a.id', { href: path`/tariffs/${row.id}` }, row.ref),
      },
      { id: 'price', label: t('col.price'), wide: true, cut: true, cell: (row) => priceInWords(row.tariff) },
      { id: 'text', label: t('col.text'), cut: true, cell: (row) => row.tariff.tariff_alt_text?.[0]?.text ?? none },
      { id: 'currency', label: t('col.currency'), cell: (row) => row.tariff.currency },
      { id: 'version', label: t('col.version'), num: true, cell: (row) => number(row.version) },
      {
        id: 'connectors', label: t('col.used'), num: true, sort: (row) => row.connectors,
        cell: (row) => number(row.connectors),
      },
      { id: 'party', label: t('col.party'), cell: (row) => `${row.party.country_code}*${row.party.party_id}` },
      {
        id: 'updated', label: t('col.changed'), calm: true, sort: (row) => row.updated_at,
        cell: (row) => ago(row.updated_at),
      },
    ],
  });
  root.append(table.element);
  tariffs.listen(() => table.show(tariffs.list()), signal);
  await tariffs.ready();
  table.show(tariffs.list());
}
