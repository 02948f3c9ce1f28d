// Talks to /api/v1: JSON both ways, problems as errors, the CSRF token on whatever changes something.

import { query, randomHex } from './dom.js';
import { t } from './i18n.js';

const root = '/api/v1';
const patience = 30;   // Seconds that an answer may take, unless whoever asks knows better.
// The ETag travels with what was read, also into copies of it; JSON does not show it.
const tag = Symbol('ETag');
let csrf = null;

/// Who is asking; null until `signIn` or `whoAmI`.
export let me = null;

/// What the daemon answered instead (RFC 9457), or `unreachable` where it did not answer.
export class Problem extends Error {
  constructor(body, status, url) {
    super(body.detail ?? body.title ?? String(status));
    // What was to be read, where that may be tried again without thinking.
    this.url = url;
    this.word = String(body.type ?? '').split(':').at(-1) || 'unknown';
    this.status = status;
    this.title = body.title ?? t('error.untitled', { status });
    this.detail = body.detail ?? null;
    this.field = body.field ?? null;
  }
}

async function ask(method, path, { body, match, key, signal, seconds = patience, again = true } = {}) {
  const url = method === 'GET' && seconds <= patience ? path : null;
  const headers = { Accept: 'application/json' };
  if (method !== 'GET') {
    headers['Content-Type'] = 'application/json';
    if (csrf) headers['X-CSRF-Token'] = csrf;
  }
  if (match?.[tag]) headers['If-Match'] = match[tag];
  if (key) headers['Idempotency-Key'] = key;
  const limit = AbortSignal.timeout(seconds * 1000);
  let answer;
  try {
    answer = await fetch(root + path, {
      method, headers, cache: 'no-store', credentials: 'same-origin',
      body: method === 'GET' || method === 'DELETE' ? undefined : JSON.stringify(body ?? {}),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem({ type: 'unreachable', title: t('error.unreachable'), detail: t('error.unreachable.detail') }, 0, url);
  }
  const value = await read(answer);
  if (answer.ok) {
    const version = answer.headers.get('ETag');
    if (version && value) value[tag] = version;
    return value;
  }
  const problem = new Problem(value ?? {}, answer.status, url);
  if (problem.word === 'csrf' && again) {
    // Another tab logged in again: its session has another token.
    await whoAmI();
    return ask(method, path, { body, match, key, signal, seconds, again: false });
  }
  if (answer.status === 401 && path !== '/login' && path !== '/me') window.dispatchEvent(new CustomEvent('signed-out'));
  throw problem;
}

async function read(answer) {
  const text = await answer.text();
  if (!text) return null;
  try {
    return JSON.parse(text);
  } catch {
    return { title: t('error.untitled', { status: answer.status }), detail: text.slice(0, 200) };
  }
}

export const get = (path, values = {}, options) => ask('GET', path + query(values), options);
export const post = (path, body, options) => ask('POST', path, { ...options, body });
export const patch = (path, body, options) => ask('PATCH', path, { ...options, body });
export const replace = (path, body, options) => ask('PUT', path, { ...options, body });
export const remove = (path, options) => ask('DELETE', path, options);

/// Sends what somebody wrote themselves and gives the answer as it came, for whoever tries the API.
export async function trial(method, url, body) {
  const headers = { Accept: '*/*' };
  if (method !== 'GET' && csrf) headers['X-CSRF-Token'] = csrf;
  if (body) headers['Content-Type'] = 'application/json';
  const begun = performance.now();
  const answer = await fetch(root + url, { method, headers, cache: 'no-store', credentials: 'same-origin', body: body || undefined, signal: AbortSignal.timeout(60_000) });
  return { status: answer.status, type: answer.headers.get('Content-Type') ?? '', text: await answer.text(), milliseconds: Math.round(performance.now() - begun) };
}

/// A key that makes a repeated command the same command.
export function commandKey() { return randomHex(16); }

/// Every item of a list, page by page, at most `most`; `heard` is told after each page. The first page is short, so that
/// something can be shown soon.
export async function all(path, values = {}, { most = 20_000, signal, heard } = {}) {
  const items = [];
  let cursor = null;
  do {
    const page = await get(path, { limit: cursor === null ? 100 : 500, ...values, cursor }, { signal });
    items.push(...page.items);
    cursor = page.next_cursor;
    heard?.(items, cursor === null);
  } while (cursor !== null && items.length < most);
  return items;
}

/// Asks who we are and keeps the CSRF token.
export async function whoAmI() {
  me = await ask('GET', '/me', { again: false });
  csrf = me.csrf_token;
  return me;
}

/// `code` is the authenticator's, for those who have one.
export async function signIn(name, password, code) {
  const login = await post('/login', { name, password, ...(code ? { code } : {}) });
  csrf = login.csrf_token;
}

export async function setUp(token, name, password) {
  const login = await post('/setup', { token, name, password });
  csrf = login.csrf_token;
}

export async function signOut() {
  await post('/logout', {});
  csrf = null;
  me = null;
}

const ranks = ['viewer', 'support', 'operator', 'administrator', 'owner'];
const reaches = (role) => ranks.indexOf(me?.role) >= ranks.indexOf(role);

/// Whether the caller may help drivers: start, stop, unlock, reset.
export function mayHelp() { return reaches('support'); }

/// Whether the caller may run stations and books: a viewer only looks.
export function mayRun() { return reaches('operator'); }

/// Whether the caller may also run what is of no site: tokens, tariffs, partners, files, new stations.
export function mayRunAll() { return mayRun() && me.sites === null; }

/// Whether the caller also decides about users, keys, partners and parties.
export function mayOwn() { return reaches('administrator') && me.sites === null; }
