// One roaming partner: its state, what waits for it with retries, the steps of its registration, its endpoints.

import { get } from '../api.js';
import { partners } from '../books.js';
import { reading } from '../dialog.js';
import { fill, h, path, put } from '../dom.js';
import { short } from '../events.js';
import { ago, moment, none, number, timeMark } from '../format.js';
import { t, word } from '../i18n.js';
import { csvButton } from '../lists.js';
import { onNews } from '../live.js';
import { pager } from '../pager.js';
import { LiveTable, flash } from '../table.js';
import { glyph, mark } from '../states.js';
import { stateOfPartner } from '../states-rest.js';
import { partnerActions } from '../partner-actions.js';
import { filterBar } from '../forms.js';
import { clientsSection, notesSection, publishingSection, pullsSection, terminalsSection } from '../partner-papers.js';
import { pushTable } from './session.js';
import { versionsBoxes } from './partners.js';

export async function show({ root, signal, params, head }) {
  const id = Number(params.id);
  let partner = await get(path`/partners/${id}`, {}, { signal });
  partners.ready().catch(() => {});
  const figures = h('dl.kpis'), facts = h('dl.facts'), lasting = h('div'), trace = h('div'), pushes = h('div'), endpoints = h('div');
  const drawHead = () => head({
    title: partner.name, back: { href: '/partners', label: t('nav.partners') },
    sub: [mark('partner', stateOfPartner(partner)), h(
      'span', null, partner.version ? t('partners.ocpi', { version: partner.version }) : t('partners.no_version')
    ),
      h('span', null, t('partners.contact'), ' ', ago(partner.last_contact_at))],
    buttons: partnerActions(partner).filter((a) => ['d', 'p'].includes(a.key)).map((action) => h('button', {
      type: 'button', disabled: action.disabled, title: action.disabled ? action.why : null, 'aria-keyshortcuts': `. ${action.key}`, on: { click: action.run },
    }, action.label)),
    actions: () => partnerActions(partner),
  });
  drawHead();
  const papers = { publishing: publishingSection(() => partner), notes: notesSection(() => partner) };
  root.append(h('section', { 'aria-label': t('partners.queue') }, figures),
    h('section', null, h('h2', null, t('partners.pushes')), pushes),
    h('div.two', null,
      h(
        'section', null, h('h2', null, t('partners.trace')), trace,
        partner.state === 'invited' && h('div', null, h('p.mute', null, t('partners.waiting')), versionsBoxes())
      ),
      h('section', null, h('h2', null, t('session.facts')), facts, lasting)),
    h('section', null, h('h2', null, t('partners.acks')), acksBox(id, signal)),
    papers.publishing, papers.notes, pullsSection(id, signal), clientsSection(id, signal), terminalsSection(id, signal),
    h('section', null, h('h2', null, t('partners.endpoints')), endpoints));

  const figure = queueFigures(figures);
  const draw = () => {
    figure(partner.queue);
    drawFacts(facts, partner);
    drawEndpoints(endpoints, partner);
    papers.publishing.draw();
    papers.notes.draw();
  };
  draw();
  partners.listen(() => {
    const fresh = partners.get(id);
    if (!fresh) return;
    const before = stateOfPartner(partner) + partner.queue.due + partner.queue.parked;
    partner = fresh;
    if (before !== stateOfPartner(partner) + partner.queue.due + partner.queue.parked) drawHead();
    draw();
  }, signal);

  const table = pushTable([], {
    isOnePartner: true, empty: () => h('p.all-well', null, glyph('yes', 'ok'), t('partners.pushes.none')),
  });
  const bar = filterBar([{
    name: 'state', type: 'select', label: t('col.state'),
    options: [
      { value: '', label: t('partners.pushes.all') }, { value: 'due', label: word('push', 'due') },
      { value: 'parked', label: word('push', 'parked') },
    ],
  }], () => list.begin());
  const list = pager({
    signal, key: (p) => `${p.module}/${p.object}`, load: (cursor) => get(
      path`/partners/${id}/pushes`, { ...bar.values(), limit: 200, cursor }, { signal }
    ),
    draw: (items, fresh) => (fresh ? table.showNow(items) : table.show(items)),
  });
  bar.append(csvButton(path`/partners/${id}/pushes`, () => bar.values()));
  fill(pushes, bar, table.element, list.element);
  const drawTrace = () => reading(trace, async () => {
    const page = await get(path`/partners/${id}/trace`, {}, { signal });
    fill(trace, h('ol.trace', null, page.items.length ? page.items.map((step) => h('li', null, stepLine(step)))
      : h('li.mute', null, t('partners.trace.none'))));
  }, signal);
  onNews(({ events }) => {
    const mine = (events ?? []).filter((e) => e.subject === `partner/${id}`);
    if (!mine.length) return;
    if (mine.some((e) => e.kind === 'partner.step' || e.kind === 'partner.registered')) drawTrace();
    list.refresh();
  }, signal);
  const timer = setInterval(() => { if (!document.hidden && partner.queue.due > 0) list.refresh(); }, 2000);
  signal.addEventListener('abort', () => clearInterval(timer));
  await Promise.all([list.begin(), drawTrace()]);
}

/// One step of a registration: what it came to, what to change where it failed, and what was asked and answered.
export function stepLine({ at, step, ok, detail, advice, request, answer }) {
  const tone = ok ? 'ok' : 'failed';
  return [glyph('yes', tone), h(
    'span', null, h('b', null, word('step', step)), ' ',
    h('span', { class: ok ? 'mute' : 'bad' }, ok ? '' : `${t('partners.step.failed')} `, detail),
    advice && h('p.advice', null, advice),
    (request || answer) && h(
      'details', null, h('summary', null, t('partners.step.said')), request && h('pre', null, request),
      answer && h('pre', null, answer)
    )
  ),
    at && timeMark(at, undefined, (time) => `${moment(time)}:${String(new Date(time).getSeconds()).padStart(2, '0')}`)];
}

function queueFigures(list) {
  const cells = {};
  for (const name of ['due', 'parked', 'oldest', 'next', 'error']) {
    cells[name] = h('dd', { class: name === 'error' ? 'small' : 'fig' });
    list.append(h(
      'div', { class: name === 'error' ? 'wide' : '' }, h('dt', null, t(`partners.kpi.${name}`)), cells[name]
    ));
  }
  const set = (name, content, sign) => {
    if (cells[name].sign === sign) return;
    fill(cells[name], content);
    if (cells[name].sign !== undefined && name !== 'next') flash(cells[name]);
    cells[name].sign = sign;
  };
  return (queue) => {
    set('due', number(queue.due), queue.due);
    set('parked', number(queue.parked), queue.parked);
    set('oldest', ago(queue.oldest_at), queue.oldest_at);
    set('next', ago(queue.next_at), queue.next_at);
    set('error', queue.last_error ?? none, queue.last_error);
  };
}

function drawFacts(list, p) {
  const fact = (label, value) => [h('dt', null, label), h('dd', null, value ?? none)];
  fill(list, [
    fact(
      t('partners.theirs'),
      p.roles.length ? p.roles.map((r) => h('div', null, `${r.role} ${r.country_code}*${r.party_id} · ${r.business_name}`)) : none
    ),
    fact(t('partners.ours'), `${p.party.country_code}*${p.party.party_id}`),
    fact(t('partners.their_versions'), p.versions_url ? h('span.mono', null, p.versions_url) : none),
    fact(t('fact.since'), timeMark(p.created_at)), fact(t('col.changed'), ago(p.updated_at)),
    fact(
      t('partners.quirks'),
      Object.entries(p.quirks ?? {}).filter(([, value]) => value !== null && value !== false).map(([key, value]) => h(
        'div', null, `${word('partner_quirk', key)}${value === true ? '' : `: ${value}`}`
      ))
    ),
  ]);
}

function drawEndpoints(place, p) {
  if (place.count === p.endpoints.length && p.endpoints.length) return;
  place.count = p.endpoints.length;
  const table = new LiveTable({
    caption: t('partners.endpoints'), key: (e) => `${e.identifier}/${e.role}`, empty: () => h(
      'p', null, t('partners.endpoints.none')
    ),
    columns: [
      { id: 'module', label: t('partners.module'), head: true, cell: (e) => h('span.id', null, e.identifier) },
      { id: 'role', label: t('partners.role'), cell: (e) => e.role ?? none },
      { id: 'url', label: t('partners.url'), wide: true, cell: (e) => h('span.mono', null, e.url) },
    ],
  });
  table.show(p.endpoints);
  fill(place, table.element);
}

/// The newest answers to pushes, with the time that each took.
function acksBox(id, signal) {
  const feed = h('ol.feed'), place = h('div');
  const add = (event) => {
    if (event.subject !== `partner/${id}` || ![
      'push.acknowledged', 'push.failed', 'push.parked',
    ].includes(event.kind)) return;
    const ok = event.kind === 'push.acknowledged';
    const name = `${word('module', event.body.module)} ${short(event.body.object ?? '')}`;
    feed.querySelector('.none')?.remove();
    feed.prepend(h('li', null, ago(event.at), h('span', null, glyph('push', ok ? 'sent' : 'parked'), ' ', ok
      ? t('partners.ack', { name, n: event.body.milliseconds }) : t(
        event.kind === 'push.parked' ? 'partners.ack.parked' : 'partners.ack.failed', { name, why: event.body.why }
      ))));
    while (feed.children.length > 20) feed.lastChild.remove();
  };
  feed.append(h('li.none.mute', null, t('partners.acks.none')));
  reading(place, async () => {
    const page = await get('/events', { subject: `partner/${id}`, newest: true, limit: 20 }, { signal });
    page.items.reverse().forEach(add);
    put(place, feed);
  }, signal);
  onNews(({ events }) => { for (const event of events ?? []) add(event); }, signal);
  return place;
}
