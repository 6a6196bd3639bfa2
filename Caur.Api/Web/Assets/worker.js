// The log's bytes, its lines and its search live here, away from the thread that draws. All work is cut into slices of a few milliseconds,
// so that a question is answered soon whatever is going on.

import { Bytes } from './bytes.js';
import { Finder, matchesIn } from './finder.js';
import { Lines } from './lines.js';
import { Source } from './source.js';
import { cellsToText, textOf } from './text.js';

const slice = 8;
const newsApart = 50;
const mostCopied = 32 << 20;

let bytes = new Bytes();
let columns = 2048;
let lines = new Lines(bytes, columns);
/** The lines in another width, until they are ready. */
let relaid = null;
let anchor = 0;
/** How many of the last rows go with the news, for a page that follows: it need not ask for them. */
let tailRows = 0;
let finder = null;
let query = null;
let searched = true;
/** A match that was asked for and is not found yet: by its index, or the first from a row on. */
let wantedMatch = null;
let source = null;
let working = false;
let lastTurn = 0;
let newsDue = false;
let lastNews = 0;
/** Changes whenever a row may look otherwise than it did. */
let version = 0;

const turns = new MessageChannel();
const waiting = [];
turns.port1.onmessage = () => waiting.shift()();
const turn = () => new Promise(resolve => {
  waiting.push(resolve);
  turns.port2.postMessage(null);
});

const answers = {
  open(message) {
    source = new Source({
      ...message,
      async received(piece) {
        bytes.append(piece);
        searched = false;
        await work();
      },
      reset,
      changed: tell,
    });
    source.run();
  },
  retry: message => source?.retry(message.force),
  columns(message) {
    anchor = lines.lineAt(message.anchorRow);
    columns = message.columns;
    relaid = columns === lines.columns ? null : new Lines(bytes, columns);
    work();
  },
  tail(message) {
    tailRows = message.count;
  },
  rows: message => postMessage({ kind: 'rows', version, rows: rowsBetween(message.from, message.to) }),
  find(message) {
    query = message.query;
    restartSearch();
    work();
  },
  match(message) {
    wantedMatch = message;
    findMatch();
  },
  line(message) {
    const line = message.line ?? lines.lineAt(message.row);
    postMessage({ kind: 'line', question: message.question, line, row: lines.rowOf(line) });
  },
  copy(message) {
    postMessage({ kind: 'copy', question: message.question, text: textBetween(message.from, message.to) });
  },
};

onmessage = event => answers[event.data.kind](event.data);

function reset() {
  bytes = new Bytes();
  lines = new Lines(bytes, columns);
  relaid = null;
  version++;
  restartSearch();
  postMessage({ kind: 'reset' });
}

function restartSearch() {
  version++;
  wantedMatch = null;
  finder = query === null || query.text === '' ? null : new Finder(bytes, query);
  searched = finder === null;
  tell();
}

async function work() {
  if (working) {
    return;
  }
  working = true;
  do {
    if (performance.now() > lastTurn + slice) {
      report();
      await turn();
      lastTurn = performance.now();
    }
  } while (step());
  working = false;
  tell();
}

/** One small piece of what there is to do: first the lines, then the search.
 * @returns false when there was nothing */
function step() {
  if (lines.scanned < bytes.length) {
    lines.scan(1 << 18);
    return true;
  }
  if (relaid !== null) {
    if (relaid.scan(1 << 18)) {
      lines = relaid;
      relaid = null;
      version++;
      postMessage({ kind: 'relaid', columns, rows: lines.rowCount, anchorRow: lines.rowOf(anchor), news: news() });
    }
    return true;
  }
  if (!searched) {
    searched = finder === null || finder.step(lines.scanned, source?.phase === 'finished');
    findMatch();
    return true;
  }
  return false;
}

/** Answers the wish for a match as soon as it is certain which one it is. */
function findMatch() {
  const count = finder?.count ?? 0;
  if (wantedMatch === null || count === 0) {
    return;
  }
  const index = wantedMatch.index ?? finder.indexFrom(lines.lineAt(wantedMatch.row));
  if (!searched && (index < 0 || index >= count)) {
    return;
  }
  wantedMatch = null;
  const wrapped = (index % count + count) % count;
  const found = finder.locate(wrapped, lines);
  postMessage({
    kind: 'match', search: query.search, index: wrapped, ...found, row: lines.rowOf(found.line) + Math.floor(found.cell / lines.columns),
  });
}

/** Says how it stands, soon and not too often. */
function tell() {
  if (!newsDue) {
    newsDue = true;
    setTimeout(() => report(true), Math.max(0, newsApart - (performance.now() - lastNews)));
  }
}

function report(due = false) {
  const now = performance.now();
  if (due || now - lastNews > newsApart) {
    newsDue = newsDue && !due;
    lastNews = now;
    postMessage(news());
  }
}

function news() {
  return {
    kind: 'news',
    version,
    bytes: bytes.length,
    lines: lines.lineCount,
    rows: lines.rowCount,
    settledRows: lines.rows,
    widest: lines.widest,
    tail: tailRows === 0 ? [] : rowsBetween(Math.max(0, lines.rowCount - tailRows), lines.rowCount),
    source: source === null ? null : {
      phase: source.phase, message: source.message, pause: source.pause, build: source.build, broken: source.broken,
    },
    search: query === null ? null : { search: query.search, count: finder?.count ?? 0, done: searched },
  };
}

/** Rows as what is to be drawn of them: pieces of text of one look, each [text, foreground, background, attributes, match], where match is
 * 0, or 1 plus the place in its line's text. */
function rowsBetween(from, to) {
  const rows = [];
  const { columns: width } = lines;
  lines.paint(from, to, (line, firstRow, canvas, start, end, lineWidth) => {
    const { text, starts } = cellsToText(canvas, start, end);
    const marks = finder === null ? [] : marksIn(text, starts, start);
    const count = Math.max(1, Math.ceil(lineWidth / width));
    for (let part = Math.max(0, from - firstRow); part < count && firstRow + part < to; part++) {
      const first = part * width;
      rows.push({
        row: firstRow + part,
        line,
        part,
        pieces: piecesOf(canvas, text, starts, start, Math.max(first, start), Math.min(first + width, end), marks),
      });
    }
  });
  return rows;
}

function piecesOf(canvas, text, starts, start, from, to, marks) {
  const pieces = [];
  const at = cell => starts === null ? cell - start : starts[cell - start];
  let next = 0;
  for (let cell = from; cell < to;) {
    while (next < marks.length && marks[next].to <= cell) {
      next++;
    }
    const mark = next < marks.length && marks[next].from <= cell ? marks[next] : null;
    const edge = Math.min(to, mark?.to ?? marks[next]?.from ?? to);
    const style = canvas.styleOf(cell);
    let end = cell + 1;
    while (end < edge && canvas.styleOf(end) === style) {
      end++;
    }
    const [fg, bg, attributes] = canvas.palette.slice(3 * style, 3 * style + 3);
    pieces.push([text.slice(at(cell), at(end)), fg, bg, attributes, mark === null ? 0 : mark.place + 1]);
    cell = end;
  }
  return pieces;
}

/** Where the search's matches are, in cells. */
function marksIn(text, starts, start) {
  const marks = [];
  let cell = 0;
  const cellAt = place => {
    if (starts === null) {
      return place;
    }
    while (cell + 1 < starts.length && starts[cell + 1] <= place) {
      cell++;
    }
    return cell;
  };
  for (const [from, to] of matchesIn(finder.pattern, text)) {
    marks.push({ from: start + cellAt(from), to: start + cellAt(to - 1) + 1, place: start + from });
  }
  return marks;
}

/** Lines as text, up to a few megabytes. */
function textBetween(from, to) {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const copied = [];
  let size = 0;
  for (let line = from; line <= to && line < lines.lineCount && size < mostCopied; line++) {
    const raw = lines.bytesOf(line);
    size += raw.length;
    copied.push(textOf(decoder.decode(raw)));
  }
  return copied.join('\n');
}
