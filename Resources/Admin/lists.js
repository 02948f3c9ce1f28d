// A section of a screen that shows one list of the API: heading, buttons, table, and what keeps it fresh.

import { get, post } from './api.js';
import { command } from './commands.js';
import { confirmDialog, problemBox } from './dialog.js';
import { announce, fill, h, query } from './dom.js';
import { t } from './i18n.js';
import { onNews } from './live.js';
import { pager } from './pager.js';
import { sorter } from './sorter.js';
import { LiveTable } from './table.js';

/// The list as a table of its own, under the filters that hold when it is asked for.
export function csvButton(url, values = () => ({}), label = t('csv')) {
  const point = () => button.setAttribute('href', `/api/v1${url}.csv${query(values())}`);
  const button = h('a.button', { download: '', on: { focus: point, pointerenter: point, click: point } }, label);
  point();
  return button;
}

/// The order of a list as the address of a screen has it (`-energy_kwh`); `change()` hears of another. Long lists are sorted by
/// the daemon.
export function orderOf(query, change, server = true) {
  const text = query?.get('sort') ?? '';
  const down = text.startsWith('-');
  return {
    text, server, sort: text ? { by: down ? text.slice(1) : text, down } : null,
    /// A phone shows no heads of columns.
    meet(place, columns, heard) {
      if (matchMedia('(max-width: 720px)').matches) place.prepend(sorter(columns.filter((c) => (server ? c.by : c.sort)), this.sort, heard));
    },
    set(by, isDown) {
      this.text = (isDown ? '-' : '') + by;
      change();
    },
  };
}

/// `url` and `values()` say what is read, `csv` that the API has it as a table; `columns`, `key`, `name`, `actions`, `href`, `open` are the table's; `news(event)` tells
/// whether an event makes it stale. Gives `element` and `begin()`.
export function listSection({ title, text, buttons, empty, url, values = () => ({}), signal, news, level = 'h2', bar, page = 50, csv, ...table }) {
  const view = new LiveTable({ caption: title, empty: () => h('p.mute', null, empty ?? t('list.none')), ...table });
  const list = pager({
    signal, wait: bar ? 200 : 0, key: table.key, order: table.order,
    load: (cursor) => get(url, { limit: page, ...values(), sort: table.order?.text, cursor }, { signal }),
    draw: (items, fresh) => (fresh ? view.showNow(items) : view.show(items)),
  });
  if (news) onNews(({ events }) => { if (events?.some(news)) list.refresh(); }, signal);
  const element = h('section', null, h('div.section-head', null, h(level, null, title), h('div.buttons', null, buttons, csv && csvButton(url, values))),
    text && h('p.mute', null, text), bar, view.element, list.element);
  return { element, begin: () => list.begin(), refresh: () => list.refresh() };
}

/// A button that does one thing and says so; what goes wrong is shown beside it.
export function doButton(label, act, { cls = '', said = null } = {}) {
  const trouble = h('div');
  const button = h('button', { type: 'button', class: cls }, label);
  button.addEventListener('click', async () => {
    button.disabled = true;
    trouble.replaceChildren();
    try {
      await act();
      if (said) announce(said);
    } catch (problem) {
      fill(trouble, problemBox(problem));
    } finally {
      button.disabled = false;
    }
  });
  return h('span.with-trouble', null, button, trouble);
}

/// Asks once more, then does it. What cannot be undone wants `type` to be typed.
export function sure(title, text, submit, send, done, type) { return confirmDialog({ title, text, submit, send, done, type }); }

/// Takes something out of a station: to have it there again it must be sent anew, so the station's identity is typed first.
export function clearing(station, title, verb, values) {
  return () => sure(title, t('clear.text'), title, async () => { command(station.id, verb, values); }, null, station.id);
}

/// A settled thing of the house, such as an alert.
export const settle = (url) => post(url, {});

/// Pairs of label and value; what is absent is left out.
export function facts(...pairs) {
  return h('dl.facts', null, pairs.filter((pair) => pair && pair[1] !== null && pair[1] !== undefined && pair[1] !== '')
    .map(([label, value]) => [h('dt', null, label), h('dd', null, value)]));
}
