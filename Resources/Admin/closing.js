// Ends a stale session in the books, with the reason that the audit will show.

import { commandKey, post } from './api.js';
import { openSessions } from './books.js';
import { formDialog } from './dialog.js';
import { path } from './dom.js';
import { t } from './i18n.js';

export function confirmClose(session, done) {
  formDialog({
    title: t('close.title'), intro: t('close.text'), submit: t('close.submit'), danger: true,
    fields: [{ name: 'reason', label: t('field.reason'), required: true, hint: t('close.hint'), maxlength: 200 }],
    send: ({ reason }) => post(path`/sessions/${session.id}/close`, { reason }, { key: commandKey() }),
    done: (closed) => {
      openSessions.drop(session.id);
      done?.(closed);
    },
  });
}
