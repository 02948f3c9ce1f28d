// The order of a table's rows on a phone, which shows no heads of columns.

import { h } from './dom.js';
import { t } from './i18n.js';

/// A choice of these columns, up or down; `sort` is the order that holds, `heard(by, down)` hears of another.
export function sorter(columns, sort, heard) {
  const change = ({ target }) => {
    const [by, way] = target.value.split(' ');
    if (by) heard(by, way === 'down');
  };
  const choice = h(
    'select.sorter', { 'aria-label': t('sorter.by'), on: { change } }, h('option', { value: '' }, t('sorter.by')),
    columns.flatMap(({ by, id, label }) => [['up', '↑'], ['down', '↓']].map(([way, mark]) => h('option', { value: `${by ?? id} ${way}` }, `${label} ${mark}`)))
  );
  choice.value = sort ? `${sort.by} ${sort.down ? 'down' : 'up'}` : '';
  return choice;
}
