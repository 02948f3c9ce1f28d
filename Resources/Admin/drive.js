// The driver's page: what is here, what it costs, begin, watch, end, receipt. It knows nothing but its label's code, and
// keeps the ticket of its session in this browser: whoever closed the page finds the session again by the label.

const words = {
  en: {
    gone: 'This label is no longer good. Look for a newer one on the station.', retry: 'Try again', offline: 'The station has no connection just now.',
    available: 'Free', preparing: 'Cable in, ready', charging: 'Charging', suspended_ev: 'The car pauses', suspended_evse: 'The station pauses', finishing: 'Done, unplug', reserved: 'Reserved', unavailable: 'Out of service', faulted: 'Out of order', unknown: 'State unknown',
    price: 'Price', free: 'Free of charge', ENERGY: '{p} per kWh', TIME: '{p} per minute', PARKING_TIME: '{p} per minute of parking', FLAT: '{p} per session', incl: 'incl. VAT',
    token: 'Card number or PIN', start: 'Start', hint: 'Or hold your card to the station.', busy: 'Somebody charges here.', begin: 'Asking the station…', plug: 'Plug in the cable now.', refused: 'The station said no.',
    energy: 'Energy', cost: 'Cost', time: 'Time', power: 'Power', stop: 'Stop', stopping: 'Stopping…', vat: 'VAT', receipt: 'Receipt', print: 'Print', again: 'Done', lost: 'The connection is lost; the session goes on.', from: '{a} to {b}',
  },
  de: {
    gone: 'Dieses Schild gilt nicht mehr. Suchen Sie ein neueres an der Station.', retry: 'Noch einmal', offline: 'Die Station hat gerade keine Verbindung.',
    available: 'Frei', preparing: 'Kabel steckt, bereit', charging: 'Lädt', suspended_ev: 'Das Auto pausiert', suspended_evse: 'Die Station pausiert', finishing: 'Fertig, bitte abstecken', reserved: 'Reserviert', unavailable: 'Außer Betrieb', faulted: 'Gestört', unknown: 'Zustand unbekannt',
    price: 'Preis', free: 'Kostenlos', ENERGY: '{p} je kWh', TIME: '{p} je Minute', PARKING_TIME: '{p} je Minute Parken', FLAT: '{p} je Ladevorgang', incl: 'inkl. MwSt.',
    token: 'Kartennummer oder PIN', start: 'Starten', hint: 'Oder halten Sie Ihre Karte an die Station.', busy: 'Hier lädt gerade jemand.', begin: 'Die Station wird gefragt…', plug: 'Jetzt das Kabel einstecken.', refused: 'Die Station hat abgelehnt.',
    energy: 'Energie', cost: 'Kosten', time: 'Dauer', power: 'Leistung', stop: 'Beenden', stopping: 'Wird beendet…', vat: 'MwSt.', receipt: 'Beleg', print: 'Drucken', again: 'Fertig', lost: 'Die Verbindung ist weg; der Ladevorgang läuft weiter.', from: '{a} bis {b}',
  },
  nl: {
    gone: 'Dit label is niet meer geldig. Zoek een nieuwer label op het laadpunt.', retry: 'Opnieuw', offline: 'Het laadpunt heeft nu geen verbinding.',
    available: 'Vrij', preparing: 'Kabel zit erin, klaar', charging: 'Laadt', suspended_ev: 'De auto pauzeert', suspended_evse: 'Het laadpunt pauzeert', finishing: 'Klaar, neem de kabel los', reserved: 'Gereserveerd', unavailable: 'Buiten gebruik', faulted: 'Storing', unknown: 'Toestand onbekend',
    price: 'Prijs', free: 'Gratis', ENERGY: '{p} per kWh', TIME: '{p} per minuut', PARKING_TIME: '{p} per minuut parkeren', FLAT: '{p} per sessie', incl: 'incl. btw',
    token: 'Pasnummer of pincode', start: 'Starten', hint: 'Of houd uw pas tegen het laadpunt.', busy: 'Hier laadt al iemand.', begin: 'Het laadpunt wordt gevraagd…', plug: 'Steek nu de kabel in.', refused: 'Het laadpunt weigert.',
    energy: 'Energie', cost: 'Kosten', time: 'Duur', power: 'Vermogen', stop: 'Stoppen', stopping: 'Wordt gestopt…', vat: 'btw', receipt: 'Bon', print: 'Afdrukken', again: 'Klaar', lost: 'De verbinding is weg; de sessie loopt door.', from: '{a} tot {b}',
  },
  fr: {
    gone: 'Cette étiquette n’est plus valable. Cherchez-en une plus récente sur la borne.', retry: 'Réessayer', offline: 'La borne n’est pas connectée pour le moment.',
    available: 'Libre', preparing: 'Câble branché, prêt', charging: 'En charge', suspended_ev: 'La voiture est en pause', suspended_evse: 'La borne est en pause', finishing: 'Terminé, débranchez', reserved: 'Réservé', unavailable: 'Hors service', faulted: 'En panne', unknown: 'État inconnu',
    price: 'Prix', free: 'Gratuit', ENERGY: '{p} par kWh', TIME: '{p} par minute', PARKING_TIME: '{p} par minute de stationnement', FLAT: '{p} par session', incl: 'TTC',
    token: 'Numéro de carte ou code PIN', start: 'Démarrer', hint: 'Ou présentez votre carte à la borne.', busy: 'Quelqu’un charge ici.', begin: 'La borne est interrogée…', plug: 'Branchez le câble maintenant.', refused: 'La borne a refusé.',
    energy: 'Énergie', cost: 'Coût', time: 'Durée', power: 'Puissance', stop: 'Arrêter', stopping: 'Arrêt…', vat: 'TVA', receipt: 'Reçu', print: 'Imprimer', again: 'Terminé', lost: 'La connexion est perdue ; la charge continue.', from: 'de {a} à {b}',
  },
};
const locale = navigator.languages?.find((tag) => tag.split('-')[0] in words) ?? 'en';
const lang = locale.split('-')[0];
document.documentElement.lang = lang;
const t = (key, values = {}) => (words[lang][key] ?? key).replace(/\{(\w)\}/g, (_, name) => values[name]);

const code = location.pathname.split('/')[2] ?? '';
const root = `/api/v1/drive/${encodeURIComponent(code)}`;
const main = document.getElementById('main');
const shelf = `ostler.ticket.${code}`;
let ticket = localStorage.getItem(shelf);
const longAgo = 6 * 3600_000;   // Milliseconds after its end a receipt is no longer what somebody comes for.

// Marks that turn the direction of a line are spelt out: a name must not rewrite what stands beside it.
const plain = (text) => text.replace(/[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (mark) => `\\u${mark.charCodeAt(0).toString(16)}`);

function h(tag, cls, ...children) {
  const element = document.createElement(tag);
  if (cls) element.className = cls;
  element.append(...children.flat(2).filter((child) => child || child === 0)
    .map((child) => (child instanceof Node ? child : plain(String(child)))));
  return element;
}

async function ask(method, path, body) {
  const headers = { Accept: 'application/json', 'Content-Type': 'application/json' };
  if (ticket) headers['X-Ticket'] = ticket;
  const answer = await fetch(root + path, { method, headers, body: body && JSON.stringify(body), cache: 'no-store' });
  if (answer.status === 204) return null;
  const value = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(value.detail), { status: answer.status });
  return value;
}

const amount = (value, currency) => new Intl.NumberFormat(locale, { style: 'currency', currency, maximumFractionDigits: 4 }).format(value);
const number = (value, places = 0) => new Intl.NumberFormat(locale, { minimumFractionDigits: places, maximumFractionDigits: places || 2 }).format(value);

/// As the law of the place asks: per kWh first, then per minute and per session, with tax; what the operator says besides
/// stands below.
function prices({ tariff, prices: tag }) {
  if (!tag) return h('p', 'good', t('free'));
  const price = (value) => (tag.minor_unit ? `${number(value * 100)} ${tag.minor_unit}` : amount(value, tag.currency));
  const day = new Intl.DateTimeFormat(locale, { weekday: 'short', timeZone: 'UTC' });
  const lines = tag.lines.map(({ parts, hours, weekdays, bounds }) => {
    // 2024 began on a Monday.
    const when = [hours, weekdays?.map((n) => day.format(Date.UTC(2024, 0, n))).join(', '), ...bounds];
    return h('p', '', [parts.map((c) => t(c.type, { p: price(c.incl_vat) })).join(' + ') || t('free'), ...when].filter(Boolean).join(', '));
  });
  const said = tariff.tariff_alt_text?.find((one) => one.language === lang);
  return [lines, h('p', 'mute', t('incl')), said && h('p', 'mute', said.text)];
}

async function showPlace(note) {
  let place;
  try {
    place = await ask('GET', '');
  } catch (problem) {
    const again = h('button', 'plain', t('retry'));
    again.onclick = () => showPlace();
    return main.replaceChildren(h('h1', '', 'Ostler'), h('p', 'bad', problem.status === 404 ? t('gone') : String(problem.message)), problem.status === 404 ? '' : again);
  }
  const usable = place.online && !place.busy && !['unavailable', 'faulted'].includes(place.status);
  document.title = place.site ?? place.station;
  const form = h('form', '');
  if (usable) {
    const input = h('input');
    Object.assign(input, { id: 'token', autocomplete: 'off', autocapitalize: 'off', spellcheck: false, required: true, maxLength: 36 });
    const label = h('label', '', t('token'));
    label.htmlFor = 'token';
    form.append(...(place.free_vend ? [] : [label, input]), h('button', '', t('start')), ...(place.free_vend ? [] : [h('p', 'mute', t('hint'))]));
    form.onsubmit = async (event) => {
      event.preventDefault();
      form.querySelector('button').disabled = true;
      try {
        ticket = (await ask('POST', '', place.free_vend ? {} : { token: input.value.trim() })).ticket;
        localStorage.setItem(shelf, ticket);
        follow();
      } catch (problem) {
        form.querySelector('button').disabled = false;
        form.querySelector('.bad')?.remove();
        form.prepend(h('p', 'bad', problem.message));
        input.focus();
      }
    };
  }
  main.replaceChildren(
    h('h1', '', place.site ?? place.station), h('p', 'mute', [place.address, place.label ?? `${place.station} · ${place.evse}`].filter(Boolean).join(' · ')),
    h('p', usable ? 'good' : place.busy ? 'mute' : 'bad', place.online ? (place.busy ? t('busy') : t(place.status)) : t('offline')), note ? h('p', 'bad', note) : '',
    h('section', '', h('h2', '', t('price')), prices(place)), usable ? h('section', '', form) : ''
  );
}

/// Who asks to be paid, where it was, and what of it is tax.
function bill({ seller, address, vat_id: vat, site, station, evse }, cost, id) {
  const parts = cost?.incl_vat && `${amount(cost.excl_vat, cost.currency)} + ${amount((cost.incl_vat - cost.excl_vat).toFixed(2), cost.currency)} ${t('vat')}`;
  return h('section', '', seller && h('p', '', h('b', '', seller)), address?.split('\n').map((line) => h('p', 'mute', line)), vat && h('p', 'mute', vat),
    h('p', '', [site, `${station} · ${evse}`].filter(Boolean).join(', ')), parts && h('p', '', parts), h('p', 'mute', id));
}

function showSession({ command, session, over, receipt }) {
  if (!session) {
    if (over) return leave(t('refused'));
    return main.replaceChildren(h('h1', '', t('begin')));
  }
  if (session.state === 'invalid') return leave(t('refused'));
  if (over && Date.now() - new Date(session.ended_at) > longAgo) return leave();
  const seconds = session.duration_seconds;
  const cost = session.cost ? amount(session.cost.incl_vat ?? session.cost.excl_vat, session.cost.currency) : t('free');
  const rows = [[t('energy'), `${number(session.energy_kwh ?? 0, 2)} kWh`], [t('cost'), cost],
    [t('time'), `${Math.floor(seconds / 3600)}:${String(Math.floor(seconds / 60) % 60).padStart(2, '0')} h`],
    over ? null : [t('power'), `${number(session.power_kw ?? 0, 1)} kW`]].filter(Boolean);
  const button = h('button', over ? 'plain' : 'stop', over ? t('print') : session.ended_at ? t('stopping') : t('stop'));
  button.disabled = !over && Boolean(session.ended_at);
  button.onclick = over ? () => print() : async () => {
    button.disabled = true;
    button.textContent = t('stopping');
    try { await ask('POST', '/stop', {}); } catch (problem) { button.disabled = false; button.textContent = t('stop'); button.after(h('p', 'bad', problem.message)); }
  };
  const done = h('button', 'plain', t('again'));
  done.onclick = () => leave();
  const clock = (at) => new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(at));
  main.replaceChildren(
    h('h1', '', over ? t('receipt') : session.state === 'pending' ? t(command.phase === 'sent' ? 'begin' : 'plug') : t('charging')),
    over && session.ended_at ? h('p', 'mute', t('from', { a: clock(session.started_at), b: clock(session.ended_at) })) : '',
    h('section', '', h('dl', 'figures', rows.map(([name, value]) => h('div', '', h('dt', '', name), h('dd', '', value))))),
    receipt && session.cdr ? bill(receipt, session.cost, session.cdr) : '', button, over ? done : ''
  );
}

function leave(note) {
  localStorage.removeItem(shelf);
  ticket = null;
  showPlace(note);
}

/// Reads the events by hand: an EventSource cannot send the ticket, which has no place in an address.
async function follow() {
  let over = false;
  try {
    const answer = await fetch(`${root}/session`, { headers: { 'X-Ticket': ticket, Accept: 'text/event-stream' }, cache: 'no-store' });
    if (answer.status === 404) return leave();
    if (!answer.ok) throw new Error(String(answer.status));
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = '', part = await reader.read(); !part.done; part = await reader.read()) {
      const events = (rest + part.value).split('\n\n');
      rest = events.pop();
      for (const event of events) {
        const data = event.split('\n').filter((line) => line.startsWith('data:')).map((line) => line.slice(5)).join('');
        if (!data || !ticket) continue;
        const told = JSON.parse(data);
        over = told.over;
        showSession(told);
      }
    }
  } catch {
    if (!main.querySelector('.lost')) main.append(h('p', 'bad lost', t('lost')));
  }
  if (!over && ticket) setTimeout(follow, 3000);
}

if (ticket) follow(); else showPlace();
