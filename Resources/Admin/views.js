// Filters of a screen under names of one's own: kept in the house, so they are there on every device.

import { get, post, remove } from './api.js';
import { formDialog } from './dialog.js';
import { announce, h, path } from './dom.js';
import { t } from './i18n.js';
import { go } from './keys.js';
import { openMenu } from './menu.js';

const longest = 60;   // Characters of a name; the API refuses more.

/// The button of saved filters for a filter bar; `screen` is the first part of the address.
export function savedViews(screen) {
  const button = h('button', { type: 'button', 'aria-haspopup': 'menu', on: { click: show } }, t('views.title'));
  const query = () => location.search.slice(1);

  async function show() {
    const mine = (await get('/me/views')).items.filter((view) => view.screen === screen);
    const here = mine.filter((view) => view.query === query());
    openMenu(button, [
      ...mine.map((view) => ({ label: here.includes(view) ? `✓ ${view.name}` : view.name, run: () => go(`/${screen}?${view.query}`) })),
      { label: t('views.save'), run: save, disabled: !query(), why: t('views.save.nothing') },
      ...here.map((view) => ({ label: t('views.remove', { name: view.name }), danger: true, run: () => forget(view) })),
    ], t('views.title'));
  }

  function save() {
    formDialog({
      title: t('views.save'), submit: t('save'), intro: t('views.save.text'),
      fields: [{ name: 'name', label: t('field.name'), required: true, maxlength: longest, first: true }],
      send: ({ name }) => post('/me/views', { screen, name, query: query() }), done: () => announce(t('views.saved')),
    });
  }

  async function forget(view) {
    await remove(path`/me/views/${view.id}`);
    announce(t('views.removed', { name: view.name }));
  }

  return button;
}
