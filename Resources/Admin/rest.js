// What the first screen does without: most words, the styles of forms and drawings, and the modules behind buttons. It
// comes when something of it is wanted, so that the first screen is there soon also on a slow line.

import { loadOtherWords } from './i18n.js';

let coming = null;

/// Brings the other words and styles; what failed is tried again the next time.
export function rest() {
  coming ??= Promise.all([loadOtherWords(), loadStyles()]).catch((error) => {
    coming = null;
    throw error;
  });
  return coming;
}

/// A module that the first screen does without, by its name, with its words and styles.
export async function later(name) {
  const [module] = await Promise.all([import(`./${name}.js`), rest()]);
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
