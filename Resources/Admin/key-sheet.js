// The sheet that explains the keyboard.

import { dialog } from './dialog.js';
import { h } from './dom.js';
import { t } from './i18n.js';

/// Opens it; `places` are the paths by the letter that follows g.
export function showSheet(places) {
  const row = (keys, text) => h(
    'tr', null, h('th', { scope: 'row' }, keys.map((key) => h('kbd', null, key))), h('td', null, text)
  );
  dialog(t('keys.title'), () => h('table.sheet-keys', null, h('tbody', null,
    row(['/'], t('keys.filter')), row(['j', 'k'], t('keys.walk')), row(['Enter'], t('keys.open')), row(['x'], t('keys.pick')), row(['.'], t('keys.actions')),
    row(['Ctrl', 'K'], t('keys.jump')), row(['?'], t('keys.sheet')), row(['Esc'], t('keys.leave')),
    Object.entries(places).map(([letter, href]) => row(
      ['g', letter], t(`nav.${href === '/' ? 'overview' : href.slice(1)}`)
    )))));
}
