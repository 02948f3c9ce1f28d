// The states of what the first screen does not show, by family: [shape, tone] of each word.

import { families } from './states.js';

Object.assign(families, {
  partner: {
    invited: ['half', 'busy'], registered: ['tick', 'good'], paused: ['pause', 'busy'], unregistered: ['cross', 'calm'],
    failing: ['triangle', 'bad'],
  },
  push: { due: ['disc', 'busy'], sent: ['tick', 'good'], parked: ['triangle', 'bad'] },
  command: {
    sent: ['arrow', 'busy'], accepted: ['disc', 'work'], done: ['tick', 'good'], refused: ['cross', 'bad'], failed: ['triangle', 'bad'],
  },
  follower: { connecting: ['disc', 'busy'], connected: ['tick', 'good'], away: ['cross', 'bad'] },
  duty: {
    asked: ['arrow', 'busy'], sent: ['arrow', 'busy'], placed: ['square', 'held'], cancelling: ['half', 'busy'], used: ['tick', 'good'],
    cancelled: ['cross', 'calm'], expired: ['bar', 'calm'], refused: ['cross', 'bad'], lost: ['half', 'busy'], in_force: ['tick', 'good'],
    cleared: ['bar', 'calm'], over: ['bar', 'calm'], transferring: ['disc', 'work'], downloaded: ['half', 'work'], installing: ['disc', 'work'],
    done: ['tick', 'good'], failed: ['triangle', 'bad'], off: ['bar', 'calm'], unknown: ['cross', 'calm'], sending: ['arrow', 'work'],
    in_step: ['tick', 'good'], unsupported: ['bar', 'busy'], waiting: ['ring', 'calm'], running: ['bolt', 'work'], stopped: ['pause', 'busy'],
    awaited: ['ring', 'busy'], here: ['tick', 'good'], gone: ['bar', 'calm'],
  },
  yes: { ok: ['tick', 'good'], failed: ['triangle', 'bad'], valid: ['tick', 'good'], blocked: ['cross', 'bad'], expired: ['bar', 'busy'],
    held: ['square', 'held'], estimated: ['half', 'busy'], published: ['tick', 'good'], private: ['bar', 'calm'] },
});

/// The one word for a partner.
export function stateOfPartner(partner) {
  const { due, parked, last_error: error } = partner.queue;
  return partner.state === 'registered' && (parked > 0 || (due > 0 && error)) ? 'failing' : partner.state;
}
