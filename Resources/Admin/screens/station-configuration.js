// A station's configuration: as the house knows it, read anew from the station itself, filtered, changed key by key.

import { all, mayHelp, mayRun } from '../api.js';
import { command } from '../commands.js';
import { formDialog, reading } from '../dialog.js';
import { fill, h, path } from '../dom.js';
import { clock, none } from '../format.js';
import { filterBar } from '../forms.js';
import { t } from '../i18n.js';
import { csvButton } from '../lists.js';
import { onNews } from '../live.js';
import { LiveTable } from '../table.js';

const readings = new Map();   // By station: what is known of it, while the page lives.

export async function drawConfiguration(place, state, { signal }) {
  const { id } = state.station;
  const button = h('button', { type: 'button', on: { click: read } }, t('configuration.read'));
  const add = h(
    'button', { type: 'button', on: { click: () => change({ key: '', value: '' }) } }, t('configuration.set')
  );
  const note = h('span.mute');
  const bar = filterBar(
    [{ name: 'q', type: 'search', label: t('configuration.filter') }], () => draw(), h('span.grow'), note,
    csvButton(path`/stations/${id}/settings`), ...(mayRun() ? [add] : []), ...(mayHelp() ? [button] : [])
  );
  const table = new LiveTable({
    caption: t('station.tab.configuration'), key: (row) => row.key, sort: { by: 'key' },
    open: (row) => { if (!row.readonly && mayRun()) change(row); },
    actions: (row) => (row.readonly || !mayRun() ? [] : [
      { label: t('configuration.change'), key: 'e', run: () => change(row) },
    ]),
    empty: () => h('p', null, readings.has(id) ? t('configuration.none') : t('configuration.empty')),
    columns: [
      {
        id: 'key', label: t('col.key'), head: true, sort: (row) => row.key, cell: (row) => h('span.id', null, row.key),
      },
      { id: 'value', label: t('col.value'), wide: true, cell: (row) => h('code', null, row.value ?? none) },
      {
        id: 'readonly', label: t('col.access'),
        cell: (row) => h('span.mute', null, row.readonly ? t('configuration.readonly') : t('configuration.writable')),
      },
    ],
  });
  const trouble = h('div');
  fill(place, bar, table.element, trouble);
  draw();
  if (!readings.has(id)) {
    await load();
    if (readings.get(id)?.rows.length === 0 && state.station.online && mayHelp()) read();
  }
  // A station that tells its settings in several messages is done when the house says so.
  onNews(({ events }) => {
    if (events?.some((e) => e.kind === 'station.reported' && e.subject === `station/${state.station.key}`)) load();
  }, signal);

  function load() {
    return reading(trouble, async () => {
      const kept = await all(path`/stations/${id}/settings`, {}, { signal });
      readings.set(id, { at: Date.now(), rows: kept.filter((one) => one.attribute === 'actual').map(rowOf) });
      draw();
    }, signal);
  }

  function draw() {
    const known = readings.get(id);
    const text = bar.values().q.toLowerCase();
    table.showNow(
      (known?.rows ?? []).filter(
        (row) => !text || row.key.toLowerCase().includes(text) || String(row.value ?? '').toLowerCase().includes(text)
      )
    );
    note.textContent = known?.rows.length ? t('configuration.read_at', { at: clock(known.at), n: known.rows.length }) : '';
  }

  async function read() {
    button.disabled = true;
    const ended = await command(id, 'get-configuration', {});
    button.disabled = false;
    if (ended?.answer?.settings) await load();
  }

  function change(row) {
    formDialog({
      title: t('configuration.set.title', { station: id }), submit: t('configuration.set'),
      fields: [
        { name: 'key', label: t('col.key'), required: true, value: row.key, mono: true, maxlength: 50 },
        {
          name: 'value', label: t('col.value'), value: row.value ?? '', mono: true, maxlength: 500,
          hint: t('configuration.set.hint'),
        },
      ],
      send: async ({ key, value }) => {
        command(id, 'set-configuration', { key, value: value ?? '' }).then((ended) => {
          if (ended?.phase !== 'done' && ended?.phase !== 'accepted') return;
          const known = readings.get(id);
          if (known) {
            known.rows = known.rows.filter((one) => one.key !== key).concat({
              key, value: value ?? '', readonly: false,
            });
            draw();
          }
        });
      },
    });
  }
}

/// A setting as the table shows it.
function rowOf(one) {
  return { key: one.key, value: one.value, readonly: one.access === 'read_only' };
}
