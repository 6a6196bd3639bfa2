// Searches the whole log, piece by piece, and goes on as it grows. It remembers the lines that match and how many matches there are up to
// each of them; where in a line they are is found again when somebody goes there.

import { isPlain } from './terminal.js';
import { cellOf, textOf, withoutColours } from './text.js';

const pieceSize = 1 << 18;
const largeLine = 1 << 20;
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Makes the expression that is searched for, or throws SyntaxError. */
export function patternOf({ text, regex, matchCase }) {
  const source = regex ? text : text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  const flags = matchCase ? 'g' : 'gi';
  try {
    return new RegExp(source, `${flags}u`);
  } catch {
    // What only the older, laxer syntax allows.
    return new RegExp(source, flags);
  }
}

/** The matches in a text, as pairs of begin and end. An empty match is none. */
export function* matchesIn(pattern, text) {
  pattern.lastIndex = 0;
  for (let match; (match = pattern.exec(text)) !== null;) {
    if (match[0].length > 0) {
      yield [match.index, match.index + match[0].length];
    } else {
      pattern.lastIndex += text.codePointAt(match.index) > 0xffff ? 2 : 1;
    }
  }
}

export class Finder {
  pattern;
  #bytes;
  #literal;
  #offset = 0;
  #line = 0;
  #lines = new Uint32Array(1024);
  #totals = new Uint32Array(1024);
  #matched = 0;
  #openLength = -1;
  #openCount = 0;

  constructor(bytes, query) {
    this.#bytes = bytes;
    this.#literal = !query.regex;
    this.pattern = patternOf(query);
  }

  /** How many matches are known. */
  get count() {
    return this.#closed + this.#openCount;
  }

  get #closed() {
    return this.#matched === 0 ? 0 : this.#totals[this.#matched - 1];
  }

  /** Searches on, about a quarter of a megabyte.
   * @param end how many bytes there are to search
   * @param finished true when no more will come
   * @returns true when there is no more to search now */
  step(end, finished) {
    if (this.#offset >= end) {
      this.#openCount = 0;
      this.#openLength = -1;
      return true;
    }
    let to = Math.min(end, this.#offset + pieceSize);
    let piece = this.#bytes.copy(this.#offset, to);
    let last = piece.lastIndexOf(0x0a);
    if (last < 0) {
      const next = this.#bytes.indexOf(0x0a, to, end);
      if (next < 0) {
        this.#searchOpen(end, finished);
        return true;
      }
      to = next + 1;
      piece = this.#bytes.copy(this.#offset, to);
      last = piece.length - 1;
    }
    this.#openCount = 0;
    this.#openLength = -1;
    this.#searchPiece(piece.subarray(0, last + 1));
    this.#offset += last + 1;
    return false;
  }

  /** The first match of a line or of one after it; the number of matches when there is none. */
  indexFrom(line) {
    let low = 0;
    let high = this.#matched;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#lines[middle] < line) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low === 0 ? 0 : this.#totals[low - 1];
  }

  /** Where a match is.
   * @param lines finds the bytes of a line
   * @returns its line, the place in the line's text, and the cell where it is shown */
  locate(index, lines) {
    let low = 0;
    let high = this.#matched;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#totals[middle] <= index) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    const line = low < this.#matched ? this.#lines[low] : this.#line;
    let skip = index - (low === 0 ? 0 : this.#totals[low - 1]);
    const raw = decoder.decode(lines.bytesOf(line));
    for (const [place] of matchesIn(this.pattern, textOf(raw))) {
      if (skip-- === 0) {
        return { line, place, cell: cellOf(raw, place) };
      }
    }
    return { line, place: 0, cell: 0 };
  }

  #searchPiece(piece) {
    const text = withoutColours(decoder.decode(piece));
    // What is plain need not be looked at line by line to know that a word is not in it.
    const plain = isPlain(text.replaceAll('\r\n', '').replaceAll('\n', ''));
    if (plain && this.#literal && !this.#matches(text)) {
      this.#line += count(piece);
      return;
    }
    const lines = text.split('\n');
    for (let i = 0; i < lines.length - 1; i++) {
      this.#searchLine(plain ? trimmed(lines[i]) : textOf(lines[i]));
    }
  }

  #searchLine(text) {
    const found = this.#countIn(text);
    if (found > 0) {
      if (this.#matched === this.#lines.length) {
        this.#lines = larger(this.#lines);
        this.#totals = larger(this.#totals);
      }
      this.#totals[this.#matched] = this.#closed + found;
      this.#lines[this.#matched++] = this.#line;
    }
    this.#line++;
  }

  /** The line that is not complete is searched again whenever it grew, unless it is large: then when the log is finished. */
  #searchOpen(end, finished) {
    const length = end - this.#offset;
    if (length !== this.#openLength && (length <= largeLine || finished)) {
      this.#openLength = length;
      this.#openCount = this.#countIn(textOf(decoder.decode(this.#bytes.copy(this.#offset, end))));
    }
  }

  #matches(text) {
    this.pattern.lastIndex = 0;
    return this.pattern.test(text);
  }

  #countIn(text) {
    let found = 0;
    if (this.#matches(text)) {
      for (const match of matchesIn(this.pattern, text)) {
        found += match.length >> 1;
      }
    }
    return found;
  }
}

function trimmed(line) {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

function count(piece) {
  let lines = 0;
  for (let at = piece.indexOf(0x0a); at >= 0; at = piece.indexOf(0x0a, at + 1)) {
    lines++;
  }
  return lines;
}

function larger(table) {
  const copy = new Uint32Array(table.length * 2);
  copy.set(table);
  return copy;
}
