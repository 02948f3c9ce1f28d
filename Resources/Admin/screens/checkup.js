// Whether the house is sound, as the doctor finds it, and a text for whoever helps from afar.

import { get } from '../api.js';
import { codeBlock, reading } from '../dialog.js';
import { announce, copyText, fill, h } from '../dom.js';
import { t } from '../i18n.js';
import { doButton } from '../lists.js';
import { mark } from '../states.js';
import { LiveTable } from '../table.js';

const patience = 300;   // Seconds: every page of the books is read.
const shapes = { OK: 'ok', WARN: 'expired', FAIL: 'failed' };

export function checkupSection(signal) {
  const place = h('div');
  let findings = [];
  const table = new LiveTable({
    caption: t('checkup.title'), key: (one) => `${one.check} ${one.detail}`,
    columns: [
      { id: 'check', label: t('col.what'), head: true, cell: (one) => one.check },
      { id: 'verdict', label: t('col.state'), cell: (one) => mark('yes', shapes[one.verdict], t(`checkup.verdict.${one.verdict.toLowerCase()}`)) },
      { id: 'detail', label: t('col.detail'), wide: true, cell: (one) => one.detail },
      { id: 'remedy', label: t('checkup.help'), wide: true, cell: (one) => one.remedy ?? '' },
    ],
  });
  const look = () => reading(place, async () => {
    fill(place, h('p.mute.loading', { role: 'status' }, t('checkup.looking')));
    ({ findings } = await get('/checkup', {}, { signal, seconds: patience }));
    // What is wrong first.
    const rank = (one) => Object.keys(shapes).indexOf(one.verdict);
    table.show([...findings].sort((a, b) => rank(b) - rank(a)));
    fill(place, table.element);
  }, signal);
  const copy = async () => {
    const facts = await get('/support', {}, { signal });
    const part = (title, lines) => `\n== ${title} ==\n${lines.join('\n')}\n`;
    const text = [
      `Ostler ${facts.version}, ${new Date().toISOString()}\n`,
      part('doctor', findings.map((one) => [`${one.verdict} ${one.check}: ${one.detail}`, one.remedy].filter(Boolean).join('; '))),
      part('settings', Object.entries(facts.settings).map(([name, value]) => `${name}=${value}`)), part('log', facts.log),
    ].join('');
    announce(t(await copyText(text) ? 'copied' : 'copy.failed'));
  };
  look();
  return [
    h('section', null, h('div.section-head', null, h('h2', null, t('checkup.title')), h('div.buttons', null, doButton(t('checkup.again'), look))),
      h('p.mute', null, t('checkup.text')), place),
    h('section', null, h('div.section-head', null, h('h2', null, t('checkup.copy')), h('div.buttons', null, doButton(t('checkup.copy'), copy))), h('p.mute', null, t('checkup.copy.text'))),
    h('section', null, h('h2', null, t('checkup.backups')), h('p.mute', null, t('checkup.backups.text')), codeBlock('ostler backup books.ostler\nostler doctor --backup books.ostler\nostler restore books.ostler')),
  ];
}
