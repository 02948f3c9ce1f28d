// One campaign: how far it is, station by station.

import { get, mayRunAll, post } from '../api.js';
import { reading } from '../dialog.js';
import { fill, h, path } from '../dom.js';
import { ago, none, number, timeMark } from '../format.js';
import { who } from '../events.js';
import { t, word } from '../i18n.js';
import { facts, sure } from '../lists.js';
import { onNews } from '../live.js';
import { mark } from '../states.js';
import { LiveTable } from '../table.js';

export async function show({ root, signal, params, head }) {
  const box = h('div.stack'), trouble = h('div');
  const table = new LiveTable({
    caption: t('nav.stations'), key: (s) => s.station, href: (s) => path`/stations/${s.station}?tab=duties`, name: (s) => s.station,
    columns: [
      { id: 'station', label: t('col.station'), head: true, sort: (s) => s.station, cell: (s) => h('a.id', { href: path`/stations/${s.station}?tab=duties` }, s.station) },
      { id: 'wave', label: t('campaigns.wave.number'), num: true, sort: (s) => s.wave, cell: (s) => number(s.wave + 1) },
      { id: 'state', label: t('col.state'), sort: (s) => s.state, cell: (s) => mark('duty', s.state, word('duty', s.state)) },
      { id: 'attempts', label: t('walk.attempts'), num: true, cell: (s) => number(s.attempts) },
      { id: 'word', label: t('col.answer'), wide: true, cell: (s) => s.word ?? none },
      { id: 'next', label: t('locallist.next'), cell: (s) => (s.next_try_at ? timeMark(s.next_try_at) : none) },
      { id: 'changed', label: t('col.ago'), calm: true, cell: (s) => ago(s.updated_at) },
    ],
  });
  const draw = async () => {
    const campaign = await get(path`/campaigns/${params.id}`, {}, { signal });
    const stop = () => sure(t('campaigns.stop'), t('campaigns.stop.text'), t('campaigns.stop'), () => post(path`/campaigns/${campaign.id}/stop`, {}), draw, campaign.name);
    head({
      title: campaign.name, back: { href: '/campaigns', label: t('nav.campaigns') }, sub: mark('duty', campaign.state, word('campaign', campaign.state)),
      buttons: mayRunAll() && campaign.state === 'running' && h('button.danger', { type: 'button', on: { click: stop } }, t('campaigns.stop')),
    });
    const done = campaign.stations.filter((s) => s.state === 'done').length;
    const failed = campaign.stations.filter((s) => s.state === 'failed').length;
    fill(box, h('section', { 'aria-label': t('campaigns.progress') }, h('progress', { max: campaign.stations.length, value: done, 'aria-label': t('campaigns.progress') }),
      h('p', null, t('campaigns.progress.text', { done, failed, n: campaign.stations.length }))), facts(
      [t('walk.reason'), campaign.why], [t('jobs.file'), campaign.plan.url ?? campaign.plan.file], [t('campaigns.wave'), number(campaign.plan.wave_size)],
      [t('col.by'), who(campaign.origin)], [t('col.since'), timeMark(campaign.created_at)]
    ));
    table.show(campaign.stations);
  };
  root.append(trouble, box, table.element);
  onNews(({ events }) => { if (events?.some((e) => e.kind.startsWith('command.') || e.kind.startsWith('station.'))) reading(trouble, draw, signal); }, signal);
  await draw();
}
