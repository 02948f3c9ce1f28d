// Reads a long list page by page as the reader asks for more, and keeps its first page fresh.

import { fill, h, settled } from './dom.js';
import { reading } from './dialog.js';
import { t } from './i18n.js';

/// `load(cursor)` reads a page, `draw(items, fresh)` shows what is there; `fresh` where the filter changed.
/// Gives `element` (the button for more), `begin()`, `refresh()`.
/// `order` is the one that the reader chose, if any.
export function pager({ load, draw, signal, wait = 0, key = (item) => item.id, order }) {
  const element = h('div.pager');
  let items = [], cursor = null, round = 0, pages = 0;

  /// A page, unless another one was asked for meanwhile.
  async function fetched(from, mine) {
    try {
      const page = await load(from);
      return mine === round && !signal.aborted ? page : null;
    } catch (problem) {
      if (mine === round) throw problem;
      return null;
    }
  }

  const read = (from) => reading(element, async () => {
    const page = await fetched(from, ++round);
    if (!page) return false;
    items = from === null ? page.items : items.concat(page.items);
    pages = from === null ? 1 : pages + 1;
    cursor = page.next_cursor;
    draw(items, from === null);
    return foot();
  }, signal);

  function foot() {
    if (cursor === null) return element.replaceChildren();
    fill(element, h('button', { type: 'button', on: { click: () => read(cursor) } }, t(order ? 'pager.next' : 'pager.more')));
  }

  /// New rows of the first page come in front of what is there; the order below does not change.
  const renew = () => reading(element, async () => {
    const page = await fetched(null, round);
    if (!page) return false;
    if (pages <= 1) {
      items = page.items;
      cursor = page.next_cursor;
    } else if (order?.text) {
      // Where new rows stand in it is known when the list is read again.
      const fresh = new Map(page.items.map((item) => [key(item), item]));
      items = items.map((item) => fresh.get(key(item)) ?? item);
    } else {
      // Behind the last of them that was there before stands what was read of the pages after it; what stood before it and
      // is on the page no more is gone.
      const places = new Map(items.map((item, place) => [key(item), place]));
      const fresh = new Set(page.items.map(key));
      const last = page.items.findLast((item) => places.has(key(item)));
      if (last && page.next_cursor !== null) {
        items = [...page.items, ...items.slice(places.get(key(last)) + 1).filter((item) => !fresh.has(key(item)))];
      } else {
        // Nothing joins the two: what lies between was never read.
        [items, pages, cursor] = [page.items, 1, page.next_cursor];
      }
    }
    draw(items, false);
    return foot();
  }, signal);

  const later = settled(wait, () => read(null));
  let started = false;
  return {
    element,
    get items() { return items; },
    begin() {
      if (started && wait) return later();
      started = true;
      return read(null);
    },
    refresh: paced(600, renew),
  };
}

/// Does `work` that long after the first wish for it, once for all wishes until then: events that never rest keep nothing from
/// being read. It is not done once the signal has ended.
export function paced(milliseconds, work, signal) {
  let due = null;
  return () => {
    due ??= setTimeout(() => {
      due = null;
      if (!signal?.aborted) work();
    }, milliseconds);
  };
}
