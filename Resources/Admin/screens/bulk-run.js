// One action for many stations, found again under its own address.

import { locations } from '../books.js';
import { bulkTitle, runView } from '../bulk-view.js';
import { path } from '../dom.js';
import { t, word } from '../i18n.js';
import { go } from '../keys.js';
import { mark } from '../states.js';

export async function show({ root, signal, params, head }) {
  await locations.ready().catch(() => {});
  if (signal.aborted) return;
  head({ title: t('bulk.run'), back: { href: '/campaigns', label: t('nav.campaigns') } });
  let shown = null;
  root.append(runView(params.id, signal, {
    begun: (run) => go(path`/bulk-runs/${run.id}`),
    changed: (run) => {
      if (run.state !== shown) head({
        title: bulkTitle(run), back: { href: '/campaigns', label: t('nav.campaigns') }, sub: mark('duty', run.state, word('campaign', run.state)),
      });
      shown = run.state;
    },
  }));
}
