// Draws one quantity over time as a calm area, with its text beside it for those who do not see it.

import { fill, h, shape } from './dom.js';
import { clock, number } from './format.js';
import { t } from './i18n.js';

const left = 44, right = 8, top = 8, bottom = 20;

/// A chart of `points` (`{ at: milliseconds, value }`, oldest first). `unit` stands beside the figures. `isOver()` says that
/// the last of them is no longer now.
export class AreaChart {
  #element; #svg; #note; #height; #points = []; #name; #unit; #zone; #width = 0; #empty; #isOver;

  constructor(name, unit, { zone, empty, height = 140, isOver = () => false } = {}) {
    this.#isOver = isOver;
    [this.#name, this.#unit, this.#zone, this.#empty, this.#height] = [name, unit, zone, empty, height];
    this.#svg = shape('svg', { class: 'chart', role: 'img', height });
    this.#note = h('div.chart-note');
    this.#element = h('div.chart-box', null, this.#note, this.#svg);
    new ResizeObserver(() => {
      const width = Math.round(this.#element.clientWidth);
      if (width && width !== this.#width) {
        this.#width = width;
        this.#draw();
      }
    }).observe(this.#element);
    this.#svg.addEventListener('pointermove', (event) => this.#read(event.offsetX));
    this.#svg.addEventListener('pointerleave', () => this.#read(null));
  }

  get element() { return this.#element; }

  show(points) {
    this.#points = thin(points, 600);
    this.#draw();
  }

  #draw() {
    const points = this.#points;
    // As high as it will be, so that nothing below it moves when it begins.
    const waits = points.length < 2 && Boolean(this.#empty);
    this.#element.classList.toggle('waits', waits);
    this.#element.style.minHeight = waits ? `${this.#height + 38}px` : '';
    if (points.length < 2) {
      this.#svg.replaceChildren();
      this.#svg.setAttribute('height', '0');
      this.#svg.setAttribute('aria-label', this.#name);
      this.#note.textContent = this.#empty ?? '';
      return;
    }
    if (!this.#width) return;
    const height = this.#height;
    const highest = nice(Math.max(...points.map((p) => p.value), 0.1));
    const [from, to] = [points[0].at, points.at(-1).at];
    const x = (at) => left + ((at - from) / Math.max(1, to - from)) * (this.#width - left - right);
    const y = (value) => top + (1 - value / highest) * (height - top - bottom);
    const line = points.map((p, i) => `${i ? 'L' : 'M'}${x(p.at).toFixed(1)} ${y(p.value).toFixed(1)}`).join('');
    const places = highest < 10 ? 1 : 0;
    const grid = [0, highest / 2, highest].flatMap((value) => [
      shape('path', { class: 'grid', d: `M${left} ${Math.round(y(value)) + 0.5}H${this.#width - right}` }),
      shape('text', { x: left - 6, y: y(value) + 4, 'text-anchor': 'end' }, number(value, places)),
    ]);
    const times = [[from, 'start'], [to, 'end']].map(([at, anchor]) =>
      shape('text', { x: x(at), y: height - 4, 'text-anchor': anchor }, clock(at, this.#zone)));
    this.#svg.setAttribute('viewBox', `0 0 ${this.#width} ${height}`);
    this.#svg.setAttribute('width', this.#width);
    this.#svg.setAttribute('height', height);
    fill(this.#svg, grid,
      shape('path', { class: 'area', d: `${line}L${x(to).toFixed(1)} ${y(0)}L${x(from).toFixed(1)} ${y(0)}Z` }),
      shape('path', { class: 'line', d: line }), times, shape('circle', { class: 'dot', r: 3, visibility: 'hidden' }));
    const last = points.at(-1).value;
    const peak = Math.max(...points.map((p) => p.value));
    this.#svg.setAttribute('aria-label', t(this.#isOver() ? 'chart.label.over' : 'chart.label', {
      name: this.#name, last: `${number(last, 1)} ${this.#unit}`, peak: `${number(peak, 1)} ${this.#unit}`,
      from: clock(from, this.#zone), to: clock(to, this.#zone),
    }));
    this.#scale = { x, y };
    this.#note.textContent = this.#summary(last, peak);
  }

  #scale = null;
  #summary(last, peak) {
    return t(this.#isOver() ? 'chart.note.over' : 'chart.note', {
      name: this.#name, last: `${number(last, 1)} ${this.#unit}`, peak: `${number(peak, 1)} ${this.#unit}`,
    });
  }

  #read(offset) {
    const dot = this.#svg.querySelector('.dot');
    if (!dot || !this.#scale) return;
    if (offset === null) {
      dot.setAttribute('visibility', 'hidden');
      this.#note.textContent = this.#summary(this.#points.at(-1).value, Math.max(...this.#points.map((p) => p.value)));
      return;
    }
    const near = this.#points.reduce(
      (best, p) => (Math.abs(this.#scale.x(p.at) - offset) < Math.abs(this.#scale.x(best.at) - offset) ? p : best)
    );
    dot.setAttribute('cx', this.#scale.x(near.at));
    dot.setAttribute('cy', this.#scale.y(near.value));
    dot.setAttribute('visibility', 'visible');
    this.#note.textContent = `${clock(near.at, this.#zone)} · ${number(near.value, 1)} ${this.#unit}`;
  }
}

function thin(points, most) {
  if (points.length <= most) return points;
  const stride = Math.ceil(points.length / most);
  return points.filter((_, i) => i % stride === 0 || i === points.length - 1);
}

/// The next round number: 1, 2, 5 times a power of ten.
function nice(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= value);
}
