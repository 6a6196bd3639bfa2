// The log viewer: puts its parts together.

import { accessForm, accessText, headers, token } from './access.js';
import { linesHash, logAddress, readLines, readQuery } from './address.js';
import { listenToKeys } from './keys.js';
import { byId, bytesText, copyText, element, number } from './page.js';
import { SearchBox } from './search.js';
import { BuildState, buildItem } from './state.js';
import { View } from './view.js';

const unwrapped = 2048;
const base = new URL('./', document.baseURI).href;
const { id, timestamp } = readQuery(location.search);
const log = byId('log');
// Browsers that check what becomes a script's address know this page's only one by this policy.
const workerFile = new URL('./worker.js', import.meta.url).href;
const workerAddress = globalThis.trustedTypes?.createPolicy('caur', { createScriptURL: () => workerFile }).createScriptURL('') ?? workerFile;

let worker = null;
let news = { bytes: 0, lines: 0, rows: 0, settledRows: 0, widest: 0, version: 0, source: null, search: null };
let chosen = readLines(location.hash);
/** The line that the address named and that has not come yet. */
let awaited = chosen;
let wrapped = stored('wrap') ?? matchMedia('(max-width: 640px)').matches;
let characterWidth = 8;
let columns = unwrapped;
let lostAt = 0;
const questions = new Map();

const view = new View({
  scroller: log,
  space: byId('space'),
  lines: byId('lines'),
  ask: (from, to) => worker.postMessage({ kind: 'rows', from, to }),
  follows: count => worker?.postMessage({ kind: 'tail', count }),
  changed: showFollowing,
  decorate,
});
const search = new SearchBox({
  send: message => worker?.postMessage(message),
  firstRow: () => view.firstRow,
  shown: showMatch,
  marked: () => view.redraw(),
});
const state = new BuildState({ id, base, changed: showTitle });

if (id === null) {
  explain('Which log?', [element('p', { textContent: 'The address names a package and, if you like, the build’s time: ?id=…&timestamp=…' }), askForId()]);
} else {
  byId('name').textContent = id;
  byId('download').href = new URL(rawPath(), base);
  view.following = chosen === null;
  showTitle();
  start();
}

function rawPath() {
  const [, , , time] = news.source?.build?.split('/') ?? [null, null, null, timestamp];
  byId('download').download = `${id}${time === null ? '' : `-${time}`}.log`;
  return `api/logs/${encodeURIComponent(id)}${time === null ? '' : `/${encodeURIComponent(time)}`}?follow=false`;
}

/** Begins to read; also once more, when an expression has kept the worker busy for too long. */
function start() {
  worker?.terminate();
  worker = new Worker(workerAddress, { type: 'module' });
  worker.onmessage = event => heard[event.data.kind](event.data);
  worker.onerror = event => {
    connection(`The page failed: ${event.message ?? 'its scripts could not be read'}. Reload it.`, 'bad');
  };
  measure();
  worker.postMessage({ kind: 'columns', columns, anchorRow: 0 });
  worker.postMessage({ kind: 'tail', count: view.following ? view.rowsOnScreen : 0 });
  worker.postMessage({ kind: 'open', base, id, headers: headers(), timestamp: news.source?.build?.split('/')[3] ?? timestamp });
}

const heard = {
  news(message) {
    news = message;
    view.grow(message.rows, message.settledRows, message.version, message.tail);
    log.style.setProperty('--gutter', `${gutterDigits() + 2.5}ch`);
    byId('space').style.width = wrapped ? '' : `${(gutterDigits() + 5 + Math.min(message.widest, columns)) * characterWidth}px`;
    showSource();
    showFollowing();
    search.told(message.search);
    if (wrapped && wantedColumns() !== columns) {
      relay();
    }
    if (awaited !== null && (awaited.from < news.lines || news.source?.phase === 'finished')) {
      goToLines(awaited);
      awaited = null;
    }
  },
  rows(message) {
    view.receive(message.rows, message.version);
  },
  relaid(message) {
    view.clear();
    heard.news(message.news);
    if (!view.following && message.columns === columns) {
      view.toRow(message.anchorRow);
    }
  },
  reset() {
    view.clear();
    view.grow(0, 0, -1);
    view.follow(true);
  },
  match: message => search.found(message),
  line: answer,
  copy: answer,
};

function answer(message) {
  questions.get(message.question)?.(message);
  questions.delete(message.question);
}

function ask(message) {
  const question = crypto.getRandomValues(new Uint32Array(1))[0];
  worker.postMessage({ ...message, question });
  return new Promise(resolve => questions.set(question, resolve));
}

// What the reader sees of the log's state

function showSource() {
  const { source } = news;
  if (source === null) {
    return;
  }
  if (source.build !== null) {
    const [, , , time] = source.build.split('/');
    if (timestamp === null && !new URLSearchParams(location.search).has('timestamp')) {
      history.replaceState(null, '', logAddress(id, time, location.hash));
    }
    state.build = source.build;
    byId('download').href = new URL(rawPath(), base);
  }
  byId('size').textContent = news.bytes === 0 ? '' : `${number(news.lines)} ${news.lines === 1 ? 'line' : 'lines'}, ${bytesText(news.bytes)}`;
  byId('retry').hidden = source.phase !== 'waiting';
  switch (source.phase) {
    case 'connecting': connection(source.broken > 0 ? 'Connecting again …' : 'Connecting …', source.broken > 0 ? 'bad' : ''); break;
    case 'open': connection('Live', 'good'); break;
    case 'finished': connection('Complete'); break;
    case 'waiting': showWaiting(source); break;
    case 'gone': connection('The log was removed meanwhile; this is what had come.', 'bad'); break;
    case 'full': connection('The log is larger than a page can hold. “Raw” has all of it.', 'bad'); break;
    case 'missing': showMissing(); break;
    case 'closed': showClosed(); break;
    case 'refused': explain('The farm refuses this', [element('p', { textContent: source.message || 'It does not say why.' }), askForId()]); break;
  }
  log.setAttribute('aria-busy', String(source.phase === 'connecting'));
}

function showClosed() {
  connection('A token is wanted', 'bad');
  explain('A token is wanted', [element('p', { textContent: accessText() }), accessForm(() => location.reload())]);
}

function showWaiting(source) {
  if (lostAt !== source.broken) {
    lostAt = source.broken;
    const end = performance.now() + source.pause * 1000;
    const count = () => {
      if (news.source.phase === 'waiting' && news.source.broken === source.broken) {
        const left = Math.max(0, Math.ceil((end - performance.now()) / 1000));
        connection(`${source.message || 'The connection is lost.'} Trying again in ${left} s.`, 'bad');
        setTimeout(count, 1000);
      }
    };
    count();
  }
}

function connection(text, kind = '') {
  const line = byId('connection');
  if (line.textContent !== text) {
    line.textContent = text;
  }
  line.dataset.kind = kind;
}

async function showMissing() {
  connection('No such log', 'bad');
  const what = timestamp === null ? `There is no log of ${id}.` : `There is no log of ${id} with the time ${timestamp}.`;
  const content = [element('p', { textContent: `${what} Logs go after a while, and a build that was never queued has none.` })];
  explain('No such log', [...content, askForId()]);
  const builds = await state.listBuilds();
  byId('builds').hidden = true;
  if (builds.length > 0) {
    explain('No such log', [
      ...content,
      element('p', {}, element('a', { className: 'button', href: logAddress(id, null), textContent: `The newest log of ${id}` })),
      element('ul', { className: 'builds' }, ...builds.slice(0, 20).map(build => buildItem(build, null))),
    ]);
  }
}

function explain(title, content) {
  const message = byId('message');
  message.replaceChildren(element('h2', { textContent: title }), ...content);
  message.hidden = false;
  document.body.classList.add('bare');
  log.tabIndex = -1;
  byId('end').hidden = true;
}

function askForId() {
  const field = element('input', { name: 'id', required: true, placeholder: 'Package', value: id ?? '', autocomplete: 'off' });
  field.setAttribute('aria-label', 'Package');
  const form = element('form', {}, field, element('button', { type: 'submit', textContent: 'Show its newest log' }));
  form.addEventListener('submit', event => {
    event.preventDefault();
    location.assign(logAddress(field.value.trim(), null));
  });
  return form;
}

function showTitle() {
  document.title = `${state.state === null ? '' : `${byId('state').textContent}: `}${id ?? 'Build log'}`;
}

// Following, wrapping, sizes

function showFollowing() {
  const button = byId('follow');
  button.setAttribute('aria-pressed', String(view.following));
  const behind = !view.atEnd && news.rows > 0 && byId('message').hidden;
  byId('end').hidden = !behind;
  if (behind) {
    byId('end-text').textContent = view.rowsBelow > 1 ? `${number(view.rowsBelow)} rows below` : 'End';
  }
}

function gutterDigits() {
  return Math.max(4, String(news.lines).length);
}

function wantedColumns() {
  const room = Math.floor(log.clientWidth / characterWidth - gutterDigits() - 2.5 - 1);
  return wrapped ? Math.max(20, Math.min(unwrapped, room)) : unwrapped;
}

function measure() {
  const probe = byId('probe').getBoundingClientRect();
  characterWidth = probe.width / byId('probe').textContent.length || 8;
  const height = Math.round(probe.height) || 20;
  if (height !== view.rowHeight) {
    view.rowHeight = height;
  }
  log.style.setProperty('--row', `${height}px`);
  log.style.setProperty('--gutter', `${gutterDigits() + 2.5}ch`);
  columns = wantedColumns();
  byId('wrap').setAttribute('aria-pressed', String(wrapped));
}

function relay() {
  columns = wantedColumns();
  worker.postMessage({ kind: 'columns', columns, anchorRow: view.firstRow });
}

function toggleWrap() {
  wrapped = !wrapped;
  store('wrap', wrapped);
  byId('wrap').setAttribute('aria-pressed', String(wrapped));
  log.scrollLeft = 0;
  relay();
}

function stored(name) {
  try {
    const value = localStorage.getItem(`caur.${name}`);
    return value === null ? null : value === 'true';
  } catch {
    return null;
  }
}

function store(name, value) {
  try {
    localStorage.setItem(`caur.${name}`, String(value));
  } catch {
    // A browser that keeps nothing forgets it.
  }
}

// Lines chosen and their links

function decorate(made, row) {
  made.dataset.line = row.line;
  made.classList.toggle('chosen', chosen !== null && row.line >= chosen.from && row.line <= chosen.to);
  const current = search.current;
  if (current !== null && current.line === row.line) {
    for (const mark of made.querySelectorAll('mark')) {
      mark.classList.toggle('current', Number(mark.dataset.place) === current.place);
    }
  }
}

function goToLines(lines) {
  return showLine(Math.min(lines.from, news.lines - 1), 0.25);
}

/** Brings a line to the screen.
 * @param place where on it; null when it may stay where it is */
async function showLine(line, place = null) {
  if (news.lines > 0) {
    view.following = false;
    const { row } = await ask({ kind: 'line', line });
    view.toRow(row, place);
    showFollowing();
  }
}

function choose(lines) {
  chosen = lines;
  history.replaceState(null, '', `${location.pathname}${location.search}${lines === null ? '' : linesHash(lines)}`);
  showChosen();
}

function showChosen() {
  byId('selection').hidden = chosen === null;
  if (chosen !== null) {
    byId('selection-text').textContent = chosen.from === chosen.to ? `Line ${number(chosen.from + 1)}`
      : `Lines ${number(chosen.from + 1)} to ${number(chosen.to + 1)}`;
  }
  view.redraw();
}

/** What the keys choose takes a question to the worker: one after the other. */
let choosing = Promise.resolve();

/** Chooses the line of the match, or the first on the screen; or what is between the chosen one and that. */
function chooseHere(extend) {
  choosing = choosing.then(async () => {
    const line = search.current?.line ?? (await ask({ kind: 'line', row: view.firstRow })).line;
    const start = extend && chosen !== null ? chosen.anchor ?? chosen.from : line;
    choose({ from: Math.min(start, line), to: Math.max(start, line), anchor: start });
  });
}

function moveChosen(by) {
  choosing = choosing.then(() => {
    if (chosen !== null) {
      const line = Math.max(0, Math.min(news.lines - 1, (by < 0 ? chosen.from : chosen.to) + by));
      choose({ from: line, to: line, anchor: line });
      showLine(line);
    }
  });
}

log.addEventListener('click', event => {
  const link = event.target.closest?.('a.number');
  if (link === null || link === undefined || event.ctrlKey || event.metaKey) {
    return;
  }
  event.preventDefault();
  const { from } = readLines(link.hash);
  const start = chosen !== null && event.shiftKey ? chosen.anchor ?? chosen.from : from;
  choose({ from: Math.min(start, from), to: Math.max(start, from), anchor: start });
});
log.addEventListener('mousedown', event => {
  if (event.shiftKey && event.target.closest?.('a.number')) {
    event.preventDefault();
  }
});
addEventListener('hashchange', () => {
  chosen = readLines(location.hash);
  showChosen();
  if (chosen !== null) {
    goToLines(chosen);
  }
});

async function copied(button, text) {
  const name = button.textContent;
  button.textContent = await copyText(text) ? 'Copied' : 'Not allowed';
  setTimeout(() => {
    button.textContent = name;
  }, 1500);
}

function copyLink() {
  if (chosen !== null && byId('copy-link').textContent === 'Copy link') {
    copied(byId('copy-link'), new URL(logAddress(id, news.source?.build?.split('/')[3] ?? timestamp, linesHash(chosen)), base).href);
  }
}

async function copyLines() {
  if (chosen !== null && byId('copy-lines').textContent === 'Copy text') {
    const { text } = await ask({ kind: 'copy', from: chosen.from, to: chosen.to });
    copied(byId('copy-lines'), text);
  }
}

// Search

async function showMatch({ row, cell, line }) {
  view.following = false;
  view.toRow(row, null);
  const left = (gutterDigits() + 2.5 + cell % columns) * characterWidth;
  view.toColumns(left - (gutterDigits() + 3) * characterWidth, left + 12 * characterWidth, 8 * characterWidth);
  showFollowing();
  view.redraw();
}

search.onStuck = () => {
  search.clear('This expression takes too long.');
  view.clear();
  view.grow(0, 0, -1);
  start();
};

// Buttons and keys

/** A link cannot present a token: what it leads to is fetched, and saved under its name. */
async function downloadWithToken() {
  try {
    const response = await fetch(byId('download').href, { headers: headers() });
    if (!response.ok) {
      throw new Error(`The farm answers ${response.status}.`);
    }
    const address = URL.createObjectURL(await response.blob());
    element('a', { href: address, download: byId('download').download }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  } catch (error) {
    connection(`The log cannot be downloaded: ${error.message}`, 'bad');
  }
}

function toEnd() {
  view.follow(true);
}

function openHelp() {
  if (!byId('help').open) {
    byId('help').showModal();
  }
}

byId('download').addEventListener('click', event => {
  if (token() !== null) {
    event.preventDefault();
    downloadWithToken();
  }
});
byId('follow').addEventListener('click', () => view.follow(!view.following));
byId('wrap').addEventListener('click', toggleWrap);
byId('end').addEventListener('click', toEnd);
byId('keys').addEventListener('click', openHelp);
byId('retry').addEventListener('click', () => worker.postMessage({ kind: 'retry', force: false }));
byId('copy-link').addEventListener('click', copyLink);
byId('copy-lines').addEventListener('click', copyLines);
byId('unselect').addEventListener('click', () => choose(null));
addEventListener('online', () => worker?.postMessage({ kind: 'retry', force: true }));
document.addEventListener('click', event => {
  if (byId('builds').open && event.target.closest?.('#builds') === null) {
    byId('builds').open = false;
  }
});
new ResizeObserver(() => {
  measure();
  if (wrapped && worker !== null) {
    relay();
  }
}).observe(byId('probe'));
new ResizeObserver(() => wrapped && worker !== null && wantedColumns() !== columns && relay()).observe(log);

listenToKeys({
  search, view, toEnd, toggleWrap, chooseHere, moveChosen, copyLink, copyLines, openHelp,
  follow: () => view.follow(!view.following),
  download: () => byId('download').click(),
  openBuilds() {
    const builds = byId('builds');
    builds.open = !builds.hidden;
    builds.querySelector('a')?.focus();
  },
  escape() {
    if (byId('builds').open) {
      byId('builds').open = false;
      byId('builds').querySelector('summary').focus();
    } else if (search.active) {
      search.clear();
      log.focus();
    } else if (chosen !== null) {
      choose(null);
    }
  },
});
showChosen();
