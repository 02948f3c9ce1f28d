// The banner of stations that knock under an identity nobody entered: one click lets them in or keeps them quiet.

import { mayRunAll, post } from './api.js';
import { knocks, locations, stations } from './books.js';
import { announce, fill, h, path } from './dom.js';
import { problemBox } from './dialog.js';
import { ago } from './format.js';
import { t } from './i18n.js';
import { glyph } from './states.js';

/// How many knock in the banner, which stands on every screen; a phone is small. The rest is in the list of stations.
export const shown = matchMedia('(max-width: 719px)').matches ? 1 : 3;
const accepted = new Map();   // Identity to the time of its acceptance, shown until its row is live.

/// Fills the banner that stands on every screen, and keeps it true.
export function showKnocks(banner) {
  const list = h('ul');
  fill(banner, list);
  const lines = new Map();
  let known = new Set();
  const draw = () => {
    const waiting = knocks.list().filter((knock) => !knock.ignored && !accepted.has(knock.id));
    for (const [id, at] of accepted) {
      if (Date.now() - at > 12_000) accepted.delete(id);
    }
    const rows = [...accepted.keys()].map((id) => ({ id, done: true })).concat(waiting.slice(0, shown));
    const ids = new Set(rows.map((row) => `${row.id}${row.done ? '+' : ''}`));
    for (const [id, line] of lines) if (!ids.has(id)) { line.remove(); lines.delete(id); }
    for (const row of rows) {
      const id = `${row.id}${row.done ? '+' : ''}`;
      if (lines.has(id)) continue;
      const line = row.done ? welcome(row.id) : stranger(row, draw);
      lines.set(id, line);
      list.append(line);
    }
    list.querySelector('.more')?.remove();
    if (waiting.length > shown) list.append(h(
      'li.more', null, h('a', { href: '/stations#knocks' }, t('knock.more', { n: waiting.length - shown }))
    ));
    banner.hidden = rows.length === 0;
    const fresh = waiting.filter((knock) => !known.has(knock.id));
    if (fresh.length) announce(t('knock.said', { n: fresh.length, id: fresh[0].id }));
    known = new Set(waiting.map((knock) => knock.id));
  };
  knocks.listen(draw);
  stations.listen(draw);
  setInterval(() => { if (accepted.size) draw(); }, 2000);
  draw();
}

function stranger(knock, draw) {
  const line = h('li');
  const what = [knock.vendor, knock.model].filter(Boolean).join(' ');
  const facts = [what, knock.version ? t('knock.version', { version: knock.version }) : t('knock.no_version'),
    t('knock.from', { address: knock.address }), knock.encrypted ? null : t('knock.plain'),
    knock.certificate ? t('knock.certificate', { name: knock.certificate.common_name }) : null].filter(Boolean).join(' · ');
  const place = h('select', { 'aria-label': t('knock.site', { id: knock.id }), hidden: true });
  const buttons = mayRunAll() && [place,
    h(
      'button.primary',
      {
        type: 'button', 'aria-label': t('knock.accept.of', { id: knock.id }),
        on: { click: () => accept(knock, place, line, draw) },
      },
      t('knock.accept')
    ),
    h(
      'button',
      {
        type: 'button', 'aria-label': t('knock.ignore.of', { id: knock.id }),
        on: { click: () => ignore(knock, line, draw) },
      },
      t('knock.ignore')
    )];
  put(line, knock, facts, buttons);
  offerSites(place);
  return line;
}

function put(line, knock, facts, buttons) {
  fill(line, glyph('attention', 'station_knocking'), h('span.what', null, h(
    'strong', null, t('knock.title', { id: knock.id })
  ),
    h(
      'span.mute', null, ' ', facts, ' · ', ago(knock.since), knock.has_password || knock.certificate ? '' : ` · ${t('knock.no_password')}`
    )), h('span.buttons', null, buttons || null));
}

async function offerSites(place) {
  try { await locations.ready(); } catch { return; }
  const sites = locations.list();
  if (sites.length < 2) return;
  fill(place, sites.map((site) => h('option', { value: String(site.id) }, site.name)));
  place.hidden = false;
}

async function accept(knock, place, line, draw) {
  const body = place.hidden || !place.value ? {} : { location: Number(place.value) };
  for (const button of line.querySelectorAll('button')) button.disabled = true;
  try {
    const station = await post(path`/knocks/${knock.id}/accept`, body);
    accepted.set(knock.id, Date.now());
    stations.put(station);
    knocks.drop(knock.id);
    announce(t('knock.accepted', { id: knock.id }));
    draw();
  } catch (problem) {
    fill(line, problemBox(problem));
    setTimeout(() => { line.remove(); knocks.soon(0); }, 8000);
  }
}

async function ignore(knock, line, draw) {
  try {
    await post(path`/knocks/${knock.id}/ignore`, {});
    knocks.put({ ...knock, ignored: true });
    announce(t('knock.ignored', { id: knock.id }));
    draw();
  } catch (problem) {
    fill(line, problemBox(problem));
  }
}

function welcome(id) {
  return h('li.done', null, glyph('command', 'done'),
    h(
      'span.what', null, h('strong', null, t('knock.accepted', { id })), ' ',
      h('a', { href: path`/stations/${id}` }, t('knock.open'))
    ));
}
