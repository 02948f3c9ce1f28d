// Files of stations, tokens or tariffs: a rehearsal first, then the rows that are good, and a way back.

import { post, remove } from './api.js';
import { dialog, problemBox } from './dialog.js';
import { announce, fill, freshID, h, path } from './dom.js';
import { number } from './format.js';
import { t } from './i18n.js';
import { doButton } from './lists.js';
import { mark } from './states.js';
import { LiveTable } from './table.js';

const urls = {
  stations: (id) => path`/stations/${id}`, tokens: (id) => path`/tokens/${id}`, tariffs: (id) => path`/tariffs/${id}`,
};

/// The button that opens it; the list behind it follows the events.
export function importButton(kind) {
  return h('button', { type: 'button', on: { click: () => importDialog(kind) } }, t('import.open'));
}

function importDialog(kind) {
  dialog(t(`import.${kind}`), (close) => {
    const id = freshID(), place = h('div');
    const file = h('input', { id, type: 'file', accept: kind === 'tariffs' ? '.json,application/json' : '.csv,text/csv', on: { change: () => look() } });
    let text = '', round = 0;
    const send = (dry) => post(`/imports/${kind}`, { text, dry_run: dry }, { seconds: 120 });
    const look = async () => {
      const [chosen] = file.files;
      if (!chosen) return;
      const mine = ++round;
      try {
        const read = await chosen.text();
        if (mine !== round) return;
        text = read;
        fill(place);
        const found = await send(true);
        if (mine !== round) return;
        fill(place, summary(found), rows(found), h('div.buttons', null, found.created > 0 && doButton(t('import.do', { n: found.created }), act, { cls: 'primary' })));
      } catch (problem) {
        if (mine === round) fill(place, problemBox(problem));
      }
    };
    const act = async () => {
      const made = await send(false);
      announce(t('import.done', { n: made.created }));
      fill(place, summary(made), rows(made), h('div.buttons', null, h('button.primary', { type: 'button', on: { click: close } }, t('dialog.close')),
        made.created > 0 && doButton(t('import.undo'), () => undo(kind, made.rows, place))));
    };
    return [h('p.mute', null, t(`import.${kind}.text`)), h('div.field', null, h('label', { for: id }, t('import.file')), file), place];
  }, { cls: 'wide' });
}

/// Takes back what was made, one after the other; what is used by now stays.
async function undo(kind, made, place) {
  const all = made.filter((row) => row.outcome === 'create' && row.id !== null);
  let gone = 0;
  for (const row of all) {
    try {
      await remove(urls[kind](row.id));
      gone += 1;
    } catch { /* It is used by now, and so it stays. */ }
  }
  announce(t('import.undone', { n: gone }));
  fill(place, h('p', null, t('import.undone', { n: gone })));
}

function summary(found) {
  return h('p', null, t(found.dry_run ? 'import.would' : 'import.was', { made: number(found.created), there: number(found.existing), bad: number(found.failed) }));
}

function rows(found) {
  const marks = { create: 'ok', exists: 'private', error: 'failed' };
  const table = new LiveTable({
    caption: t('import.rows'), key: (r) => r.line, name: (r) => r.name, empty: () => h('p.mute', null, t('list.none')),
    columns: [
      { id: 'line', label: t('import.line'), num: true, head: true, cell: (r) => number(r.line) }, { id: 'name', label: t('field.name'), cell: (r) => r.name },
      { id: 'outcome', label: t('col.state'), cell: (r) => mark('yes', marks[r.outcome], t(`import.row.${r.outcome}`)) },
      { id: 'why', label: t('walk.reason'), wide: true, cell: (r) => r.why ?? '' },
    ],
  });
  // Errors first: they are what somebody looks for.
  table.show([...found.rows].sort((a, b) => (b.outcome === 'error') - (a.outcome === 'error')).slice(0, 500));
  return table.element;
}
