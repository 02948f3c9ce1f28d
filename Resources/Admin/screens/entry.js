// The way in: set-up link, login, and what to do where there is neither.

import { setUp, signIn } from '../api.js';
import { form, problemBox } from '../dialog.js';
import { brandMark, fill, h } from '../dom.js';
import { fieldRow } from '../forms.js';
import { t } from '../i18n.js';

function frame(app, title, ...content) {
  app.className = 'entry';
  document.title = `${title} · Ostler`;
  fill(app, h('main', { id: 'main' }, h('p.brand', null, brandMark(), 'Ostler'), h('h1', null, title), content));
  app.querySelector('input')?.focus();
}

export function showLogin(app, done, note) {
  const code = fieldRow({ name: 'code', label: t('login.code'), mono: true, hint: t('login.code.hint'), autocomplete: 'one-time-code' });
  code.hidden = true;
  frame(app, t('login.title'), note && h('p.warn', null, note), form({
    submit: t('login.submit'),
    fields: [
      { name: 'name', label: t('login.name'), required: true, autocomplete: 'username' },
      {
        name: 'password', label: t('login.password'), type: 'password', required: true,
        autocomplete: 'current-password',
      },
    ],
    after: code,
    async send({ name, password }, element) {
      const input = element.elements.code;
      try {
        await signIn(name, password, code.hidden ? null : input.value.trim());
      } catch (problem) {
        // Only who knows the password hears that a code is wanted.
        if (problem.word === 'second-factor') {
          const first = code.hidden;
          code.hidden = false;
          input.focus();
          if (first) throw Object.assign(new Error(t('login.code.wanted')), { title: t('login.code.title'), word: 'form', field: 'code' });
        }
        throw problem;
      }
    },
    done,
  }), h('p.mute', null, t('login.lost'), ' ', h('code', null, 'ostler user passwd')));
}

/// What the daemon said instead of who we are.
export function showProblem(app, problem, again) {
  app.className = 'entry';
  fill(app, h('main', null, problemBox(problem, again)));
}

export function showSetup(app, token, done) {
  frame(app, t('setup.title'), h('p', null, t('setup.text')), form({
    submit: t('setup.submit'),
    fields: [
      { name: 'name', label: t('login.name'), required: true, autocomplete: 'username', value: '' },
      {
        name: 'password', label: t('login.password'), type: 'password', required: true, minlength: 10,
        autocomplete: 'new-password', hint: t('setup.password.hint'),
      },
      { name: 'again', label: t('setup.again'), type: 'password', required: true, autocomplete: 'new-password' },
    ],
    async send({ name, password, again }, element) {
      if (password !== again) {
        element.elements.again.setAttribute('aria-invalid', 'true');
        throw Object.assign(new Error(t('setup.differ')), { title: t('form.check'), word: 'form', field: 'again' });
      }
      await setUp(token, name, password);
    },
    done,
  }));
}

export function showWaiting(app) {
  frame(app, t('waiting.title'), h('p', null, t('waiting.text')), h('pre', { tabindex: '0' }, 'ostler setup-link'));
}
