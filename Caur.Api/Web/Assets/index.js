// The farm's queue: what is built, what waits for what, and the builders. Asked for again every few seconds while the page is seen; what has
// not changed is answered with 304.

import { accessForm, accessText, headers } from './access.js';
import { logAddress } from './address.js';
import { byId, element, number, showState, spanText, timeText } from './page.js';

const pause = 5000;
const mostShown = 200;
const base = new URL('./', document.baseURI).href;
const shown = new Map();
let timer = 0;

async function refresh() {
  clearTimeout(timer);
  if (document.hidden) {
    return;
  }
  try {
    const [active, waiting, builders] = await Promise.all([
      ask(`api/v1/queue?state=Assigned,Running,Uploading,Publishing&limit=${mostShown}`),
      ask(`api/v1/queue?state=Waiting&limit=${mostShown}`),
      ask(`api/v1/builders?limit=${mostShown}`),
    ]);
    byId('status').textContent = '';
    closeDoor();
    show(active, waiting, builders);
  } catch (error) {
    if (error.status === 401) {
      openDoor();
    } else {
      byId('status').textContent = error.status === undefined ? 'The farm cannot be reached; trying again.' : `The farm answers ${error.status}; trying again.`;
    }
  }
  clearTimeout(timer);
  timer = setTimeout(refresh, pause);
}

async function ask(path) {
  const response = await fetch(new URL(path, base), { headers: headers({ Accept: 'application/json' }) });
  if (!response.ok) {
    throw Object.assign(new Error(), { status: response.status });
  }
  return await response.json();
}

function show(active, waiting, builders) {
  const counts = waiting.queues.reduce((sum, queue) => ({ active: sum.active + queue.active, waiting: sum.waiting + queue.waiting }), { active: 0, waiting: 0 });
  fill('active', active.items, Math.max(counts.active, active.items.length), activeCard, 'Nothing is being built.');
  fill('waiting', waiting.items, counts.waiting, waitingCard, 'Nothing waits.');
  fill('builders', builders.items, builders.items.length, builderChip, 'None are here.');
  const paused = waiting.queues.filter(queue => queue.paused).map(queue => queue.arch);
  byId('paused').hidden = paused.length === 0;
  byId('paused').textContent = `Paused: nothing of ${paused.join(', ')} is handed out.`;
  document.title = `Caur: ${number(counts.active)} building, ${number(counts.waiting)} waiting`;
}

/** Draws a list anew if it is another; one that is the same keeps focus and selection. */
function fill(name, items, count, draw, none) {
  const text = JSON.stringify([items, count]);
  if (shown.get(name) === text) {
    return;
  }
  shown.set(name, text);
  byId(`${name}-count`).textContent = number(count);
  const focused = document.activeElement?.closest?.(`#${name} a`)?.getAttribute('href');
  const list = items.map(draw);
  if (items.length === 0) {
    list.push(element('li', { className: 'none', textContent: none }));
  } else if (count > items.length) {
    list.push(element('li', {}, element('span', { className: 'more', textContent: `and ${number(count - items.length)} more` })));
  }
  byId(name).replaceChildren(...list);
  if (focused) {
    [...byId(name).querySelectorAll('a')].find(link => link.getAttribute('href') === focused)?.focus();
  }
}

function activeCard({ build, state, builder, attempts, explanation }) {
  const details = [builder === null ? null : `on ${builder}`, attempts > 1 ? `attempt ${attempts}` : null];
  return card(build, state, details, state === 'Running' ? '' : explanation, 'Live log');
}

function waitingCard({ build, state, explanation, start, position }) {
  const soon = start === null ? null
    : start.seconds === null ? null
    : start.seconds < 1 ? 'starts now'
    : start.rough ? `starts in roughly ${number(Math.max(1, Math.round(start.seconds / 60)))} min`
    : `starts in about ${spanText(start.seconds)}`;
  return card(build, state, [position === null ? null : `place ${number(position)}`, soon], explanation, 'Log');
}

function card(build, state, details, reason, label) {
  const [target, arch, id, timestamp] = build.split('/');
  const badge = element('span', { className: 'badge' });
  showState(badge, state);
  const link = element('a', { href: logAddress(id, timestamp), title: `${label} of ${id}, queued ${timeText(timestamp)}` },
    element('span', { className: 'what' },
      element('b', { textContent: id }),
      element('small', { textContent: [`${target} · ${arch}`, ...details].filter(text => text).join(' · ') })),
    badge);
  if (reason) {
    link.append(element('span', { className: 'why', textContent: reason }));
  }
  return element('li', {}, link);
}

function builderChip({ builder, state, busy, slots, problem, draining }) {
  const how = state === 'Ready' && !draining ? (busy === 0 ? 'idle' : `${number(busy)} of ${number(slots)} busy`) : draining ? 'draining' : state.toLowerCase();
  return element('li', { title: problem }, element('b', { textContent: builder }), ` ${how}${problem ? `: ${problem}` : ''}`);
}

function openDoor() {
  const door = byId('door');
  if (door.hidden || door.dataset.said !== accessText()) {
    door.dataset.said = accessText();
    door.replaceChildren(element('p', { textContent: accessText() }), accessForm(refresh));
    door.hidden = false;
    document.body.classList.add('closed');
  }
}

function closeDoor() {
  byId('door').hidden = true;
  document.body.classList.remove('closed');
}

byId('find').addEventListener('submit', event => {
  event.preventDefault();
  location.assign(new URL(logAddress(byId('package').value.trim(), null), base));
});
document.addEventListener('visibilitychange', refresh);
refresh();
