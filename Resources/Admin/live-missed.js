// Reads what a tab missed while it was frozen and the stream went on for the other tabs.

import { get } from './api.js';

const most = 4;   // Pages; whoever missed more begins anew.

/// Tells what came after a seq, in order; what cannot be read is told by the books, which are read anew.
export async function readMissed(after, tell) {
  let page = { next_cursor: undefined };
  for (let pages = 0; page.next_cursor !== null; pages += 1) {
    if (pages === most) return location.reload();
    page = await get('/events', { after, limit: 500, cursor: page.next_cursor });
    tell({ events: page.items });
  }
}
