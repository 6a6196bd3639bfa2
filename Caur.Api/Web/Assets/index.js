// The farm's queue: what is built, what waits, who is idle. Asked for again every few seconds while the page is seen.

import { logAddress } from './address.js';
import { byId, element, number } from './page.js';

const pause = 5000;
const mostShown = 500;
const base = new URL('./', document.baseURI).href;
let shown = '';
let timer = 0;

async function refresh() {
  clearTimeout(timer);
  if (document.hidden) {
    return;
  }
  try {
    const response = await fetch(new URL('api/queue/stats', base));
    const text = response.ok ? await response.text() : null;
    byId('status').textContent = text === null ? `The farm answers ${response.status}; trying again.` : '';
    if (text !== null && text !== shown) {
      shown = text;
      show(JSON.parse(text));
    }
  } catch {
    byId('status').textContent = 'The farm cannot be reached; trying again.';
  }
  clearTimeout(timer);
  timer = setTimeout(refresh, pause);
}

function show({ active, waiting, idle }) {
  fill('active', active.packages, build => card(build, build.node), 'Nothing is being built.');
  fill('waiting', waiting.packages, build => card(build, `class ${build.build_class}`), 'Nothing waits.');
  fill('idle', idle.nodes, node => element('li', { textContent: node.name, title: `class ${node.build_class}` }), 'None.');
  document.title = `Caur: ${number(active.count)} building, ${number(waiting.count)} waiting`;
}

function fill(name, items, draw, none) {
  byId(`${name}-count`).textContent = number(items.length);
  const list = items.slice(0, mostShown).map(draw);
  if (items.length === 0) {
    list.push(element('li', { className: 'none', textContent: none }));
  } else if (items.length > mostShown) {
    list.push(element('li', {}, element('span', { className: 'more', textContent: `and ${number(items.length - mostShown)} more` })));
  }
  byId(name).replaceChildren(...list);
}

function card({ name, liveLog }, detail) {
  const [target, arch, id] = name.split('/');
  const timestamp = liveLog ? new URL(liveLog, base).searchParams.get('timestamp') : null;
  return element('li', {}, element('a', { href: logAddress(id, timestamp) },
    element('b', { textContent: id }),
    element('small', { textContent: `${target} · ${arch} · ${detail}` })));
}

byId('find').addEventListener('submit', event => {
  event.preventDefault();
  location.assign(new URL(logAddress(byId('package').value.trim(), null), base));
});
document.addEventListener('visibilitychange', refresh);
refresh();
