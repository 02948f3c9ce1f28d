// Sends commands and shows where each one is: sent, accepted by the station, done, or the station's own refusal with a hint.

import { commandKey, get, post } from './api.js';
import { openSessions, touchStation } from './books.js';
import { announce, drawing, fill, h, path } from './dom.js';
import { clock, now, seconds } from './format.js';
import { has, t, word } from './i18n.js';
import { onNews } from './live.js';
import { glyph } from './states.js';

const patience = 180_000;   // Milliseconds after which the page no longer asks; the command stays in the station's list.
const most = 4;             // Commands in the dock at once; the oldest goes.
const longest = 200;        // Characters of an answer in a list; the whole of it is in the message log.
const followed = new Map();
const list = h('ol.commands');   // In the dock at the foot of every screen.

attach();
onNews(({ events }) => {
  for (const event of events ?? []) {
    if (event.subject.startsWith('command/')) followed.get(event.subject.slice('command/'.length))?.look();
    if (event.kind.startsWith('session.')) for (const one of followed.values()) one.look();
  }
});

/// Puts the list into the dock, which is made anew with each login.
function attach() {
  if (!list.isConnected) document.getElementById('dock')?.append(list);
}

/// Asks a station for something; resolves with the command as it ended, null where it could not even be sent.
export function command(station, verb, body, title = word('verb', verb)) {
  return run(title, station, verb, (key) => post(path`/stations/${station}/commands/${verb}`, body, { key }));
}

/// Asks a station to end a session.
export function stopSession(session) {
  return run(
    t('verb.stop'), session.station, 'stop', (key) => post(path`/sessions/${session.id}/stop`, {}, { key }), session.id
  );
}

async function run(title, station, verb, send, session) {
  const entry = new Entry(title, station, verb, session);
  try {
    entry.take(await send(commandKey()));
  } catch (problem) {
    entry.fail(problem);
    return null;
  }
  return entry.ended;
}

class Entry {
  #verb; #station; #session; #line; #steps; #hint; #command = null; #began = Date.now(); #accepted = null; #timer = null; #end; #busy = false;

  constructor(title, station, verb, session) {
    [this.#verb, this.#station, this.#session] = [verb, station, session];
    this.ended = new Promise((end) => { this.#end = end; });
    this.#steps = h('span.steps', null, this.#waiting(t('command.sending')));
    this.#hint = h('span.hint', { hidden: true });
    const away = h(
      'button.quiet',
      { type: 'button', 'aria-label': t('command.dismiss', { title }), on: { click: () => this.#dismiss() } }, '✕'
    );
    this.#line = h('li', null, h('strong', null, title, ' ', h('a.id', { href: path`/stations/${station}` }, station)),
      this.#steps, this.#hint, away);
    attach();
    list.prepend(this.#line);
    while (list.children.length > most) list.lastChild.remove();
    list.parentElement.hidden = false;
    announce(t('command.said', { title, station, step: t('command.sending') }));
  }

  /// Takes the newest state. A station's yes to a stop is not the end yet: that comes with the session's last message.
  take(command) {
    const { phase } = command;
    if (this.#command?.phase === phase) return;
    this.#command = command;
    followed.set(command.id, this);
    const took = new Date(command.updated_at) - new Date(command.created_at);
    const yes = phase === 'accepted' || (phase === 'done' && this.#verb !== 'start');
    if (yes) this.#accepted = took;
    const isAwaited = this.#verb === 'stop' && this.#session && yes;
    this.#draw(took, isAwaited);
    if (!isAwaited && (yes ? this.#verb !== 'start' : phase !== 'sent')) this.#finish(); else this.#again();
  }

  fail(problem) {
    fill(this.#steps, this.#step('failed', problem.title ?? t('command.unsent')));
    this.#say(problem.detail ?? problem.message);
    announce(t('command.said', {
      title: '', station: this.#station, step: `${problem.title} ${problem.detail ?? ''}`,
    }));
    this.#end(null);
  }

  async look() {
    if (this.#busy || !this.#command) return;
    this.#busy = true;
    try {
      if (this.#accepted !== null && this.#verb === 'stop') await this.#lookForEnd();
      else this.take(await get(path`/commands/${this.#command.id}`));
    } catch { /* It is asked again. */ } finally {
      this.#busy = false;
    }
  }

  async #lookForEnd() {
    const session = await get(path`/sessions/${this.#session}`);
    if (!session.ended_at) return;
    this.#show([
      ...this.#first(),
      this.#step(
        'done', `${t('command.done.stop')} ${seconds(now() - new Date(this.#command.created_at))}`, this.#session
      ),
    ]);
    this.#finish();
  }

  #again() {
    clearTimeout(this.#timer);
    if (Date.now() - this.#began > patience) return this.#giveUp();
    this.#timer = setTimeout(async () => {
      await this.look();
      if (followed.has(this.#command.id)) this.#again();
    }, 1500);
  }

  /// Nobody waits for ever; what comes after all stands with the station.
  #giveUp() {
    this.#show([...this.#first(), h('span.step', { data: { phase: 'expired' } }, t('dock.given_up'), ' ',
      h('a', { href: path`/stations/${this.#station}` + '?tab=commands' }, t('dock.given_up.where')))]);
    this.#finish();
  }

  #first() {
    const steps = [this.#step('sent', t('command.sent_at', { at: clock(this.#command.created_at) }))];
    if (this.#accepted !== null) steps.push(this.#step(
      'accepted', t('command.accepted_after', { after: seconds(this.#accepted) })
    ));
    return steps;
  }

  #draw(took, isAwaited) {
    const { phase, answer, session } = this.#command;
    const steps = this.#first();
    if (phase === 'sent') {
      steps.push(this.#waiting(t('command.waiting')));
    } else if (isAwaited) {
      steps.push(this.#waiting(t('command.waiting.end')));
    } else if (phase === 'accepted' && this.#verb === 'start') {
      steps.push(this.#waiting(t('command.waiting.car')));
    } else if (phase === 'done' && this.#verb === 'start') {
      if (this.#accepted === null) steps.push(this.#step('accepted', t('command.accepted.plain')));
      steps.push(this.#step('done', `${t('command.done.start')} ${seconds(took)}`, session));
    } else if (phase === 'refused' || phase === 'failed') {
      steps.push(this.#step(phase, `${t(`command.${phase}.by`)} ${inWords(answer)}`));
      this.#say(hint(this.#verb, this.#command));
    }
    this.#show(steps);
  }

  #show(steps) {
    fill(
      this.#steps, steps.flatMap((step, i) => (i ? [h('span.then', { 'aria-hidden': 'true' }, '→'), step] : [step]))
    );
    announce(t('command.said', {
      title: word('verb', this.#verb), station: this.#station, step: steps.at(-1).textContent,
    }));
  }

  #step(phase, text, session) {
    return h('span.step', { data: { phase } }, glyph('command', phase), text,
      session && h('a', { href: path`/sessions/${session}` }, t('command.session')));
  }

  #waiting(text) {
    const ring = {
      cx: 8, cy: 8, r: 5, fill: 'none', stroke: 'currentColor', 'stroke-width': 2, 'stroke-dasharray': '20 12',
    };
    return h('span.step.waiting', null, drawing([['circle', ring]], 'icon spin'), text);
  }

  #say(text) {
    if (!text) return;
    fill(this.#hint, text);
    this.#hint.hidden = false;
  }

  #finish() {
    clearTimeout(this.#timer);
    followed.delete(this.#command.id);
    openSessions.soon(300);
    touchStation(this.#station);
    this.#end(this.#command);
    if (this.#command.phase === 'done' || this.#command.phase === 'accepted') setTimeout(
      () => this.#dismiss(), this.#verb === 'get-configuration' ? 6000 : 30_000
    );
  }

  #dismiss() {
    const next = this.#line.nextSibling ?? this.#line.previousSibling;
    const wasHere = this.#line.contains(document.activeElement);
    this.#line.remove();
    if (!list.children.length) list.parentElement.hidden = true;
    if (wasHere) (next?.querySelector('button') ?? document.getElementById('main')).focus();
  }
}

/// A station's answer in a few words: its status, or the reason as the books have it.
export function inWords(answer) {
  if (answer === null || answer === undefined) return '';
  if (typeof answer === 'string') return answer;
  if (typeof answer.status === 'string') {
    const info = answer.statusInfo;
    return [answer.status, info?.reasonCode, info?.additionalInfo].filter(Boolean).join(' · ');
  }
  if (typeof answer.code === 'string') return [answer.code, answer.description].filter(Boolean).join(': ');
  if (Object.keys(answer).length === 0) return '';
  if (Array.isArray(answer.settings)) return t('command.settings', { n: answer.settings.length });
  const text = JSON.stringify(answer);
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

function hint(verb, { phase, answer }) {
  const said = typeof answer === 'string' ? answer : answer?.status ?? '';
  for (const key of [`hint.${verb}.${said}`, `hint.${said}`, `hint.${verb}.${phase}`, `hint.${phase}`]) {
    if (has(key)) return t(key);
  }
  return '';
}

/// Seconds that a command took, for lists.
export function commandTook(command) {
  return command.phase === 'sent' ? seconds(now() - new Date(command.created_at))
    : seconds(new Date(command.updated_at) - new Date(command.created_at));
}
