// What the first screen does without: most words, the styles of forms and drawings, most states, and the modules behind buttons. It
// comes when something of it is wanted, so that the first screen is there soon also on a slow line.

import { loadPart } from './i18n.js';

const coming = {};

/// What is under way or here already; what failed is tried again the next time.
function once(name, load) {
  coming[name] ??= load().catch((error) => {
    delete coming[name];
    throw error;
  });
  return coming[name];
}

/// Brings the other words, styles and states.
export function rest() {
  return Promise.all([once('words', () => loadPart('other')), once('styles', loadStyles), import('./states-rest.js')]);
}

/// A module that the first screen does without, by its name, with its words and styles.
export async function later(name) {
  const [module] = await Promise.all([import(`./${name}.js`), rest()]);
  return module;
}

/// The way in, with no more than it needs: who comes by a slow line has not even logged in.
export async function entry() {
  const [module] = await Promise.all([
    import('./screens/entry.js'), once('entry', () => loadPart('entry')), once('styles', loadStyles),
  ]);
  return module;
}

function loadStyles() {
  return new Promise((done, failed) => {
    const link = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: '/rest.css' });
    link.onload = done;
    link.onerror = () => {
      link.remove();
      failed(new Error('/rest.css'));
    };
    document.head.append(link);
  });
}
