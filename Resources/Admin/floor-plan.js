// The floor plan of a site: its picture, stations as pins on it with their live state, and a way to place them by pointer and
// by keyboard.

import { get, mayRun, remove, replace } from './api.js';
import { sessionAt, stations } from './books.js';
import { confirmDialog, problemBox, reading } from './dialog.js';
import { announce, fill, h, path, settled } from './dom.js';
import { t, word } from './i18n.js';
import { onNews } from './live.js';
import { glyph, stateOf } from './states.js';

const whole = 10_000;           // Places are ten-thousandths of the picture.
const [longestSide, mostBytes] = [2400, 690_000];
const step = { plain: 100, fine: 10 };

/// A section of a site's page.
export function planSection(site, signal) {
  const section = h('section.plan', null, h('h2', null, t('plan.title')));
  let plan = null, isPlacing = false;
  const pins = new Map();
  const here = () => stations.list().filter((s) => s.location?.id === site.id).sort(
    (a, b) => a.id.localeCompare(b.id, undefined, { numeric: true })
  );
  const placeOf = (id) => plan.pins.find((pin) => pin.station === id);
  const trouble = h('div');
  const failed = (problem) => fill(trouble, problemBox(problem));

  const load = () => reading(section, async () => {
    const { has_plan: has } = await get(path`/locations/${site.id}`, {}, { signal });
    plan = has ? await get(path`/locations/${site.id}/plan`, {}, { signal }) : null;
    draw();
  }, signal);

  const choose = h('input', {
    type: 'file', accept: 'image/png,image/jpeg,image/webp', hidden: true, on: {
      change: async () => {
        const [file] = choose.files;
        choose.value = '';
        if (!file) return;
        fill(trouble);
        try {
          plan = await replace(path`/locations/${site.id}/plan`, { image: await reduced(file) }, { match: plan });
          isPlacing = here().some((s) => !placeOf(s.id));
          announce(t('plan.kept'));
          draw();
        } catch (problem) {
          failed(problem.status === undefined ? { title: t('plan.unreadable'), word: 'form', message: t('plan.kinds') } : problem);
        }
      },
    },
  });

  function draw() {
    pins.clear();
    const pick = (label, cls) => h('button', { type: 'button', class: cls, on: { click: () => choose.click() } }, label);
    if (!plan) {
      section.hidden = !mayRun();
      return fill(section, h('h2', null, t('plan.title')), h('p.mute', null, t('plan.none')), trouble, choose,
        h('div.buttons', null, pick(t('plan.add'))));
    }
    section.hidden = false;
    const isMine = mayRun();
    const picture = h('img', {
      src: path`/api/v1/locations/${site.id}/plan/image` + `?at=${encodeURIComponent(plan.updated_at)}`, width: plan.width, height: plan.height,
      alt: t('plan.alt', { name: site.name }), draggable: 'false',
    });
    const board = h('div.plan-board', { class: isPlacing ? 'is-placing' : '' }, picture);
    for (const station of here()) if (placeOf(station.id)) board.append(pinOf(station, board));
    const rest = here().filter((s) => !placeOf(s.id));
    fill(section, h('div.section-head', null, h('h2', null, t('plan.title')), isMine && h('div.buttons', null,
      h('button', {
        type: 'button', 'aria-pressed': String(isPlacing), on: { click: () => { isPlacing = !isPlacing; draw(); } },
      }, t(isPlacing ? 'plan.done' : 'plan.place')),
      pick(t('plan.other')), h('button.danger', { type: 'button', on: { click: takeAway } }, t('plan.remove')))),
    trouble, choose, isPlacing && h('p.hint', { id: 'plan-hint' }, t('plan.hint')), board,
    isPlacing && rest.length > 0 && h('div', null, h('h3', null, t('plan.rest')), h('div.buttons', null,
      rest.map((s) => h('button', { type: 'button', on: { click: () => put(s.id, whole / 2, whole / 2, true) } }, s.id)))),
    !isPlacing && !plan.pins.length && h('p.mute', null, t('plan.empty')));
  }

  /// A pin: a link to its station, or, while places are changed, a button that is moved.
  function pinOf(station, board) {
    const pin = isPlacing
      ? h('button.pin', { type: 'button', 'aria-describedby': 'plan-hint', on: { keydown: (event) => key(event, station.id) } })
      : h('a.pin', { href: path`/stations/${station.id}` });
    pins.set(station.id, pin);
    move(pin, placeOf(station.id));
    say(pin, station);
    if (isPlacing) drag(pin, station.id, board);
    return pin;
  }

  function say(pin, station) {
    const state = stateOf(station);
    const charging = station.evses.filter((evse) => sessionAt(station, evse)).length;
    const label = `${station.id}: ${word('evse', state)}`;
    if (pin.sign === `${label} ${charging}`) return;
    pin.sign = `${label} ${charging}`;
    fill(pin, glyph('evse', state), h('span', null, station.id));
    pin.setAttribute('aria-label', label);
    pin.title = label;
  }

  function move(pin, { x, y }) {
    pin.style.left = `${x / (whole / 100)}%`;
    pin.style.top = `${y / (whole / 100)}%`;
  }

  // One after the other: each says which plan it was made for.
  let line = Promise.resolve();
  function put(...place) {
    line = line.then(() => send(...place));
    return line;
  }

  async function send(id, x, y, isNew = false) {
    try {
      plan = await replace(path`/locations/${site.id}/plan/pins/${id}`, { x: Math.round(x), y: Math.round(y) }, { match: plan });
      fill(trouble);
      if (!isNew) return;
      draw();
      pins.get(id)?.focus();
    } catch (problem) {
      failed(problem);
      load();
    }
  }

  const moved = new Set();
  const keep = settled(500, () => {
    for (const id of moved) if (placeOf(id)) put(id, placeOf(id).x, placeOf(id).y);
    moved.clear();
  });

  function key(event, id) {
    const by = event.shiftKey ? step.fine : step.plain;
    const ways = { ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, -by], ArrowDown: [0, by] };
    const place = placeOf(id);
    if (event.key in ways) {
      [place.x, place.y] = [bounded(place.x + ways[event.key][0]), bounded(place.y + ways[event.key][1])];
      move(pins.get(id), place);
      moved.add(id);
      keep();
    } else if (event.key === 'Delete' || event.key === 'Backspace') {
      remove(path`/locations/${site.id}/plan/pins/${id}`, { match: plan }).then(load, (problem) => {
        failed(problem);
        load();
      });
    } else {
      return;
    }
    event.preventDefault();
  }

  function drag(pin, id, board) {
    pin.addEventListener('pointerdown', (down) => {
      if (down.button !== 0) return;
      pin.setPointerCapture(down.pointerId);
      const box = board.getBoundingClientRect();
      const follow = (event) => {
        const place = placeOf(id);
        place.x = bounded(((event.clientX - box.left) / box.width) * whole);
        place.y = bounded(((event.clientY - box.top) / box.height) * whole);
        move(pin, place);
      };
      const over = new AbortController();
      const { signal } = over;
      const before = { ...placeOf(id) };
      pin.addEventListener('pointermove', follow, { signal });
      pin.addEventListener('pointerup', () => {
        over.abort();
        put(id, placeOf(id).x, placeOf(id).y);
      }, { signal });
      // The browser took the finger for one that scrolls.
      pin.addEventListener('pointercancel', () => {
        over.abort();
        move(pin, Object.assign(placeOf(id), before));
      }, { signal });
    });
  }

  function takeAway() {
    confirmDialog({
      title: t('plan.remove'), text: t('plan.remove.text'), submit: t('plan.remove'), type: site.name,
      send: () => remove(path`/locations/${site.id}/plan`, { match: plan }), done: load,
    });
  }

  stations.listen(() => {
    if (!plan) return;
    for (const station of here()) {
      const pin = pins.get(station.id);
      if (pin) say(pin, station);
    }
  }, signal);
  // Somebody else placed something; whoever places something here is not disturbed.
  onNews(({ events }) => {
    if (!isPlacing && events?.some((e) => e.kind === 'location.changed' && e.subject === `location/${site.id}`)) load();
  }, signal);
  load();
  return section;
}

function bounded(value) { return Math.round(Math.max(0, Math.min(whole, value))); }

/// A picture in base64, drawn anew within the bounds: what a camera wrote beside it, such as where it was taken, stays here.
async function reduced(file) {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, longestSide / Math.max(bitmap.width, bitmap.height));
  const canvas = Object.assign(document.createElement('canvas'), {
    width: Math.max(1, Math.round(bitmap.width * scale)), height: Math.max(1, Math.round(bitmap.height * scale)),
  });
  const brush = canvas.getContext('2d');
  brush.fillStyle = '#fff';
  brush.fillRect(0, 0, canvas.width, canvas.height);
  brush.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  for (const [type, quality] of [['image/png'], ['image/jpeg', 0.85], ['image/jpeg', 0.6], ['image/jpeg', 0.3]]) {
    const blob = await new Promise((done) => { canvas.toBlob(done, type, quality); });
    if (blob && blob.size <= mostBytes) return base64(new Uint8Array(await blob.arrayBuffer()));
  }
  throw new Error('too large');
}

function base64(bytes) {
  let text = '';
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text);
}
