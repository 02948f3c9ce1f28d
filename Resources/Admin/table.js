// A dense table of live rows: cells flash when they change, and rows never move while somebody points at them.

import { fill, h } from './dom.js';
import { none, number } from './format.js';
import { t } from './i18n.js';
import { later } from './rest.js';

const collator = new Intl.Collator(undefined, { numeric: true });
const nameOf = ({ by, id }) => by ?? id;
const step = 100;   // Rows drawn at once; more on request, so that a house of thousands opens at once.

/// `columns` are `{ id, label, cell(row), sig?(row), num?, head?, sort?(row), wide? }`; `key(row)` names a row, `href(row)`
/// is where Enter leads, `open(row)` what it does instead, `actions(row)` its menu, `empty()` what to show without rows.
/// `order` is what `orderOf` gives: where the daemon sorts, columns with `by`, their name there, can be chosen.
/// With `stamp()`, a row that is the same object under the same stamp is not drawn again.
export class LiveTable {
  #options; #rows = []; #drawn = new Map(); #limit = step; #held = false; #sort = null; #order = null;
  #head; #body; #wrap; #foot; #blank; #note;

  constructor(options) {
    this.#options = options;
    this.#sort = options.order?.sort ?? options.sort ?? null;
    const table = h('table', { class: options.class, role: 'table', data: { rows: '' } });
    if (options.caption) table.append(h('caption.out-of-sight', null, options.caption));
    this.#head = h('tr', { role: 'row' });
    this.#body = h('tbody', { role: 'rowgroup' });
    table.append(h('thead', { role: 'rowgroup' }, this.#head), this.#body);
    this.#foot = h('div.table-foot');
    this.#note = h('span.mute');
    this.#blank = h('div.blank', { hidden: true });
    this.#wrap = h('div.table.is-empty', null, table, this.#blank, this.#foot);
    this.#drawHead();
    options.order?.meet(this.#wrap, options.columns, (by, down) => this.#sortBy(by, down));
    const release = () => {
      if (this.#held && !this.#wrap.matches(':hover') && !this.#body.contains(document.activeElement)) this.#let();
    };
    this.#body.addEventListener('pointerenter', () => { this.#held = true; });
    this.#body.addEventListener('pointerleave', () => setTimeout(release));
    this.#body.addEventListener('focusin', () => { this.#held = true; });
    this.#body.addEventListener('focusout', () => setTimeout(release));
    this.#body.addEventListener('click', (event) => this.#click(event));
    this.#body.addEventListener('open-row', (event) => this.#open(event.target));
    this.#body.addEventListener('row-menu', (event) => this.#menu(event.target));
  }

  get element() { return this.#wrap; }

  /// Shows these rows; order and membership wait while the pointer or the focus is among the rows.
  show(rows) {
    this.#rows = this.#sorted(rows);
    if (this.#held && this.#drawn.size && this.#wrap.isConnected) this.#refresh(); else this.#draw();
  }

  /// Draws now, as after a change of the filter, which is the reader's own wish.
  showNow(rows) {
    this.#limit = step;
    this.#rows = this.#sorted(rows);
    this.#draw();
  }

  #let() {
    this.#held = false;
    this.#draw();
  }

  #sortable(column) { return this.#options.order?.server ? column.by : column.sort; }

  #sorted(rows) {
    if (this.#options.order?.server) return rows;
    const column = this.#options.columns.find((c) => nameOf(c) === this.#sort?.by);
    if (!column?.sort) return rows;
    const values = rows.map((row) => column.sort(row) ?? null);
    // Most of what happens in a house of thousands moves no row: then the order is the one of before.
    const same = this.#order?.sort === this.#sort && this.#order.values.length === values.length
      && values.every((value, i) => value === this.#order.values[i]);
    if (!same) this.#order = { sort: this.#sort, values, places: this.#placesOf(values) };
    return this.#order.places ? this.#order.places.map((place) => rows[place]) : rows;
  }

  /// Where each of the sorted rows stands among the values; null where they are in order.
  #placesOf(values) {
    const way = this.#sort.down ? -1 : 1;
    const order = (a, b) => {
      if (a === b) return 0;
      if (a === null) return 1;
      if (b === null) return -1;
      return (typeof a === 'string' ? collator.compare(a, b) : a - b) * way;
    };
    if (values.every((one, i) => i === 0 || order(values[i - 1], one) <= 0)) return null;
    return values.map((_, i) => i).sort((i, j) => order(values[i], values[j]));
  }

  #drawHead() {
    const cells = this.#options.columns.map((column) => {
      const sorted = this.#sort?.by === nameOf(column) ? (this.#sort.down ? 'descending' : 'ascending') : null;
      const label = this.#sortable(column)
        ? h('button.sort', { type: 'button', on: { click: () => this.#turn(column) } }, column.label,
          h('span.way', { 'aria-hidden': 'true' }, sorted === 'ascending' ? ' ↑' : sorted ? ' ↓' : ''))
        : column.hush ? h('span.out-of-sight', null, column.label) : column.label;
      return h(
        'th', { scope: 'col', role: 'columnheader', class: column.num ? 'num' : '', 'aria-sort': sorted }, label
      );
    });
    if (this.#options.actions) {
      cells.push(h(
        'th.acts', { scope: 'col', role: 'columnheader' }, h('span.out-of-sight', null, t('table.actions'))
      ));
    }
    fill(this.#head, cells);
  }

  #turn(column) {
    const same = this.#sort?.by === nameOf(column);
    this.#sortBy(nameOf(column), same ? !this.#sort.down : Boolean(column.num));
    this.#head.querySelectorAll('th')[this.#options.columns.indexOf(column)]?.querySelector('button')?.focus();
  }

  #sortBy(by, down) {
    this.#sort = { by, down };
    this.#drawHead();
    const { order } = this.#options;
    order?.set(by, down);
    if (!order?.server) this.showNow(this.#rows);
  }

  #draw() {
    const wanted = new Set();
    let place = this.#body.firstChild;
    for (const row of this.#rows.slice(0, this.#limit)) {
      const key = String(this.#options.key(row));
      if (wanted.has(key)) continue;
      wanted.add(key);
      const drawn = this.#drawn.get(key);
      const line = drawn ?? this.#line(row, key);
      if (drawn) this.#update(line, row);
      if (line === place) place = place.nextSibling;
      else this.#body.insertBefore(line, place);
    }
    for (const [key, line] of this.#drawn) {
      if (wanted.has(key)) continue;
      // Whoever stands in a row that goes is put into the next one, not out of the table.
      const next = line.contains(document.activeElement) ? line.nextSibling ?? line.previousSibling : null;
      line.remove();
      this.#drawn.delete(key);
      next?.focus();
    }
    this.#drawFoot();
  }

  /// The rows stay where they are; what they say is brought up to date.
  #refresh() {
    const known = new Map(this.#rows.map((row) => [String(this.#options.key(row)), row]));
    let gone = 0;
    for (const [key, line] of this.#drawn) {
      const row = known.get(key);
      if (row) this.#update(line, row); else gone += 1;
      line.classList.toggle('gone', !row);
    }
    const fresh = this.#rows.slice(0, this.#limit).filter(
      (row) => !this.#drawn.has(String(this.#options.key(row)))
    ).length;
    this.#drawFoot(fresh + gone > 0 ? t('table.held', { n: fresh + gone }) : '');
  }

  #drawFoot(held = '') {
    const total = this.#rows.length;
    const more = total > this.#limit;
    this.#blank.hidden = total > 0;
    this.#wrap.classList.toggle('is-empty', total === 0);
    if (total === 0 && this.#options.empty && !this.#blank.firstChild) fill(this.#blank, this.#options.empty());
    if (total > 0) this.#blank.replaceChildren();
    if (!more && !held) return this.#foot.replaceChildren();
    this.#note.textContent = held || t('table.shown', { shown: Math.min(this.#limit, total), n: total });
    if (this.#foot.contains(this.#note) && Boolean(this.#foot.querySelector('button')) === more) return;
    fill(this.#foot, this.#note, more && h('button', {
      type: 'button',
      on: { click: () => { this.#limit += step; this.#draw(); } },
    }, t('table.more', { n: step })));
  }

  #line(row, key) {
    const line = h('tr', { role: 'row', tabindex: '-1', data: { key } });
    [line.row, line.stamp] = [row, this.#options.stamp?.()];
    for (const column of this.#options.columns) {
      const cell = column.head
        ? h('th', { scope: 'row', role: 'rowheader' })
        : h('td', { role: 'cell' });
      if (column.num) cell.classList.add('num');
      if (column.wide) cell.classList.add('wide');
      if (column.cut) cell.classList.add('cut');
      cell.dataset.label = column.hush || column.label instanceof Node ? '' : column.label;
      this.#write(cell, column, row);
      line.append(cell);
    }
    if (this.#options.actions) {
      const button = h('button.quiet', {
        type: 'button', 'aria-haspopup': 'menu', 'aria-label': t('table.actions.of', { name: this.#name(row) }),
        on: { click: (event) => { event.stopPropagation(); this.#menu(line); } },
      }, '⋯');
      line.append(h('td.acts', { role: 'cell' }, this.#options.actions(row).length ? button : null));
    }
    if (this.#options.href || this.#options.open) line.classList.add('opens');
    this.#mark(line, row);
    this.#drawn.set(key, line);
    return line;
  }

  #name(row) { return this.#options.name?.(row) ?? this.#options.key(row); }

  #write(cell, column, row) {
    const content = column.cell(row);
    const sig = column.sig ? String(column.sig(row)) : sign(content);
    if (cell.sig === sig) return false;
    const changed = cell.sig !== undefined;
    cell.sig = sig;
    fill(cell, content);
    cell.classList.toggle('nothing', cell.textContent === none);
    return changed;
  }

  #update(line, row) {
    const stamp = this.#options.stamp?.();
    if (stamp !== undefined && line.row === row && line.stamp === stamp) return line.classList.remove('gone');
    [line.row, line.stamp] = [row, stamp];
    line.classList.remove('gone');
    this.#options.columns.forEach((column, i) => {
      const cell = line.cells[i];
      if (this.#write(cell, column, row) && !column.calm) flash(cell);
    });
    this.#mark(line, row);
  }

  #mark(line, row) {
    if (this.#options.tone) line.dataset.tone = this.#options.tone(row) ?? '';
  }

  #click(event) {
    if (event.target.closest('a, button, input, select, label, summary')) return;
    if (String(window.getSelection())) return;
    const line = event.target.closest('tr');
    if (line) this.#open(line);
  }

  #open(line) {
    if (this.#options.open) return this.#options.open(line.row, line);
    const href = this.#options.href?.(line.row);
    if (href) window.dispatchEvent(new CustomEvent('go', { detail: href }));
  }

  async #menu(line) {
    const actions = this.#options.actions?.(line.row) ?? [];
    if (actions.length) (await later('menu')).openMenu(line.querySelector('td.acts button') ?? line, actions, this.#name(line.row));
  }
}

const lit = new Set();

/// Lights a cell up for a moment. What changes together is laid out once, not cell by cell.
export function flash(element) {
  lit.add(element);
  if (lit.size > 1) return;
  requestAnimationFrame(() => {
    for (const cell of lit) cell.classList.remove('flash');
    void element.offsetWidth;
    for (const cell of lit) cell.classList.add('flash');
    lit.clear();
  });
}

/// What a content says, to see whether it changed; a ticking time counts as the time that it stands for.
function sign(content) {
  if (content === null || content === undefined || content === false) return '';
  if (Array.isArray(content)) return content.map(sign).join('|');
  if (!(content instanceof Node)) return String(content);
  if (content.sig !== undefined) return content.sig;
  const inner = [...content.childNodes];
  return inner.length ? inner.map(
    (child) => (child instanceof Text ? child.data : sign(child))
  ).join('|') : content.nodeName;
}

/// A plain table for what does not change: rows of cells under heads; `{ label, num?, head? }`.
export function plainTable(caption, heads, rows, cls = '') {
  const table = new LiveTable({
    caption, class: cls, key: (row) => row.at,
    columns: heads.map((head, i) => ({ ...head, id: String(i), cell: (row) => row.cells[i], calm: true })),
  });
  table.show(rows.map((cells, at) => ({ at, cells })));
  return table.element;
}

/// `12 of 340`, for a filter.
export function countNote(shown, total) {
  return shown === total ? number(total) : t('table.of', { shown, total });
}
