// One CDR: its totals, periods, pushes, and the record as the books hold it.

import { get, mayRun, post } from '../api.js';
import { locations } from '../books.js';
import { partnerLink, short } from '../events.js';
import { h, path } from '../dom.js';
import { codeBlock, formDialog } from '../dialog.js';
import { duration, kilowattHours, money, moneyInFull, none, timeMark } from '../format.js';
import { t, word } from '../i18n.js';
import { go } from '../keys.js';
import { mark } from '../states.js';
import { costTable, periodTable, pushTable } from './session.js';
import { settlementTable } from './station-money.js';

/// Asks, then lets a held CDR go as it is.
export function release(cdr, done = () => go(path`/cdrs/${cdr.id}`)) {
  formDialog({
    title: t('cdr.release.title'), intro: t(
      'cdr.release.text', { why: cdr.held_because }
    ), fields: [], submit: t('cdr.release'),
    send: () => post(path`/cdrs/${cdr.id}/release`, {}), done,
  });
}

/// Takes a CDR back by a credit, and bills its session once more where that is wished.
function credit(cdr) {
  formDialog({
    title: t('cdr.credit'), intro: t('cdr.credit.text'), submit: t('cdr.credit'), danger: true,
    fields: [
      { name: 'reason', label: t('field.reason'), maxlength: 255, hint: t('cdr.credit.reason') },
      { name: 'bill_again', type: 'check', label: t('cdr.credit.again'), hint: t('cdr.credit.again.hint') },
    ],
    send: ({ reason, bill_again }) => post(path`/cdrs/${cdr.id}/credit`, { ...(reason ? { reason } : {}), bill_again }),
    done: (made) => go(path`/cdrs/${made.id}`),
  });
}

const linkTo = (id) => h('a.id', { href: path`/cdrs/${id}` }, short(id));

export async function show({ root, signal, params, head }) {
  const [cdr] = await Promise.all([get(path`/cdrs/${params.id}`, {}, { signal }), locations.ready().catch(() => {})]);
  if (signal.aborted) return;
  const zone = locations.list().find((site) => site.name === cdr.location)?.time_zone;
  head({
    title: t('cdr.title', { station: cdr.station }), back: { href: '/cdrs', label: t('nav.cdrs') },
    sub: [
      cdr.held_because ? mark('yes', 'held') : cdr.estimated ? mark('yes', 'estimated') : mark('yes', 'ok'),
      h('span', null, cdr.location), h('span.id', null, short(cdr.id)),
    ],
    buttons: [
      cdr.held_because && mayRun() && h(
        'button', { type: 'button', on: { click: () => release(cdr) } }, t('cdr.release')
      ),
      !cdr.held_because && cdr.credits === null && cdr.credited_by === null && mayRun() && h('button', { type: 'button', on: { click: () => credit(cdr) } }, t('cdr.credit')),
      cdr.session && h('a.button', { href: path`/sessions/${cdr.session}` }, t('cdr.session')),
    ],
  });
  const figure = (label, value, title) => h('div', null, h('dt', null, label), h('dd.fig', { title }, value));
  const fact = (label, value) => [h('dt', null, label), h('dd', null, value ?? none)];
  root.append(...[
    cdr.held_because && h('div.trouble', null, h('strong', null, t('cdr.held')), h('div', null, cdr.held_because)),
    h('section', { 'aria-label': t('session.figures') }, h('dl.kpis', null, figure(
      t('session.kpi.energy'), kilowattHours(cdr.energy_kwh)
    ),
      figure(t('session.kpi.cost'), money(cdr.cost), moneyInFull(cdr.cost)), figure(
        t('session.kpi.time'), duration(cdr.duration_seconds)
      ),
      figure(t('col.parking'), cdr.parking_seconds ? duration(cdr.parking_seconds) : none))),
    h('div.two', null,
      h('section', null, h('h2', null, t('session.facts')), h('dl.facts', null,
        fact(t('col.start'), timeMark(cdr.started_at, zone)), fact(t('col.end'), timeMark(cdr.ended_at, zone)), fact(
          t('cdr.made'), timeMark(cdr.created_at, zone)
        ),
        Number(cdr.exported_kwh) > 0 && fact(t('fact.exported'), kilowattHours(cdr.exported_kwh)),
        fact(t('col.token'), h('span.id', null, cdr.token.uid)), fact(
          t('fact.contract'), h('span.id', null, cdr.token.contract_id)
        ),
        fact(
          t('col.partner'),
          cdr.partner ? partnerLink(cdr.partner.id, cdr.partner.name) : t('sessions.ours')
        ),
        fact(t('col.evse_id'), h('span.id', null, cdr.evse_id)), fact(
          t('field.token_type'), word('token_type', cdr.token.type)
        ), cdr.credits !== null && fact(t('roaming.credits'), linkTo(cdr.credits)), cdr.credited_by !== null && fact(t('roaming.credited_by'), linkTo(cdr.credited_by)))),
      h('section', null, h('h2', null, t('session.price')), costTable(cdr.costs))),
    cdr.periods.length > 0 && h('section', null, h('h2', null, t('session.periods')), periodTable(cdr.periods, zone)),
    settlementTable(cdr.settlements, zone),
    cdr.pushes.length > 0 && h('section', null, h('h2', null, t('session.pushes')), pushTable(cdr.pushes).element),
    h('details', null, h('summary', null, t('cdr.record')), codeBlock(JSON.stringify(cdr.record, null, 2))),
  ].filter(Boolean));
}
