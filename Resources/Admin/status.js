// What is free, by site, for everybody; it comes anew every half minute.

const words = {
  en: ['Free charging points', '{f} of {n} free', '{o} out of order', 'This page is off.', 'as of {t}'],
  de: ['Freie Ladepunkte', '{f} von {n} frei', '{o} gestört', 'Diese Seite ist ausgeschaltet.', 'Stand {t}'],
  nl: ['Vrije laadpunten', '{f} van {n} vrij', '{o} buiten gebruik', 'Deze pagina staat uit.', 'stand {t}'],
  fr: ['Points de charge libres', '{f} sur {n} libres', '{o} en panne', 'Cette page est désactivée.', 'à {t}'],
};
const locale = navigator.languages?.find((tag) => tag.split('-')[0] in words) ?? 'en';
const [title, free, broken, off, at] = words[locale.split('-')[0]];
const main = document.getElementById('main');
document.documentElement.lang = locale.split('-')[0];
document.title = title;

function h(tag, cls, ...children) {
  const element = document.createElement(tag);
  if (cls) element.className = cls;
  // Marks that turn the direction of a line are spelt out: a name must not rewrite what stands beside it.
  element.append(...children.filter(Boolean).map((child) => (child instanceof Node ? child
    : String(child).replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (mark) => `\\u${mark.charCodeAt(0).toString(16)}`))));
  return element;
}

async function draw() {
  const answer = await fetch('/api/v1/public/status', { cache: 'no-store' });
  if (!answer.ok) return main.replaceChildren(h('h1', '', title), h('p', 'mute', off));
  const { at: time, sites } = await answer.json();
  const clock = new Intl.DateTimeFormat(locale, { timeStyle: 'short' }).format(new Date(time));
  main.replaceChildren(h('h1', '', title), h('p', 'mute', at.replace('{t}', clock)), h('ul', '', ...sites.map((site) => h(
    'li', '', h('section', '', h('h2', '', site.name), h('p', 'mute', site.address),
      h('p', site.free ? 'good' : 'bad', free.replace('{f}', site.free).replace('{n}', site.evses)), site.out_of_order ? h('p', 'mute', broken.replace('{o}', site.out_of_order)) : null)
  ))));
}

draw();
setInterval(() => draw().catch(() => {}), 30_000);
