// Reads a log's bytes as a terminal would, one line at a time: text (UTF-8), carriage returns, backspaces, tabs, colours, and the movements
// and erasures within a line with which programs draw progress bars. Every other escape sequence is swallowed.
//
// A line feed ends whatever is unfinished. So a line depends on nothing before it but the style, and one can begin to read at any of them.

import { Style } from './style.js';
import { widthOf } from './unicode.js';

const ground = 0;
const escape = 1;
const intermediate = 2;
const csi = 3;
const text = 4;
const textEscape = 5;

const maxParameters = 32;
const maxMarks = 8;
const largeCanvas = 1 << 20;
/** No sequence moves farther right than this, however large its number: no terminal is that wide. */
const farRight = 1000;
export const replacement = 0xfffd;
/** In a cell: the second half of the wide character before it. */
export const tail = 0xffffffff;

const plain = new Uint8Array(256).fill(1, 0x20, 0x7f);

/** Control characters, and those that would let a log's text stand in another order than it was written. */
const swallowed = /[\u0080-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e00ff}]/u;

function isSwallowed(code) {
  return (code >= 0x80 && code < 0xa0) || (code >= 0x61c && swallowed.test(String.fromCodePoint(code)));
}

/** Whether what a line looks like differs from its decoded text (without the carriage return at its end). */
export function isPlain(line) {
  return !/[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/.test(line) && !tags.test(line);
}

const tags = /[\u{e0000}-\u{e00ff}]/u;

/** What a terminal knows of the line that it is at. */
export class Terminal {
  style = new Style();
  /** Where the next character goes. */
  column = 0;
  /** Behind the last cell that is not empty. */
  width = 0;
  /** Receives what is drawn; null to measure only. */
  canvas = null;

  #state = ground;
  #values = new Uint16Array(maxParameters);
  #joined = new Uint8Array(maxParameters);
  #count = 0;
  #private = false;
  #code = 0;
  #more = 0;
  #lower = 0x80;
  #upper = 0xbf;

  /** Goes to a line's begin, or behind cells of it that nothing writes to any more. */
  start(style, column = 0) {
    this.style.set(style.fg, style.bg, style.attributes);
    this.column = column;
    this.width = column;
    this.#state = ground;
    this.#more = 0;
  }

  /** True where somebody else could go on with nothing but style and column. */
  get resumable() {
    return this.#state === ground && this.#more === 0 && this.column === this.width;
  }

  /** Reads bytes up to the end of the line.
   * @returns the place behind the line feed, or -1 when there was none */
  read(bytes, from, to) {
    let i = from;
    while (i < to) {
      if (this.#state === ground && this.#more === 0) {
        const start = i;
        while (i < to && plain[bytes[i]] === 1) {
          i++;
        }
        if (i > start) {
          this.#ascii(bytes, start, i);
          if (i === to) {
            break;
          }
        }
      }
      const byte = bytes[i++];
      if (byte === 0x0a) {
        this.#endLine();
        return i;
      }
      if (!this.#next(byte)) {
        i--;
      }
    }
    return -1;
  }

  #endLine() {
    if (this.#more > 0) {
      this.#more = 0;
      this.#put(replacement);
    }
    this.#state = ground;
  }

  /** @returns false when the byte is to be read once more */
  #next(byte) {
    switch (this.#state) {
      case ground: return this.#ground(byte);
      case escape: return this.#escape(byte);
      case intermediate:
        if (byte < 0x20 || byte > 0x2f) {
          this.#state = ground;
          return byte >= 0x30 && byte <= 0x7e;
        }
        return true;
      case csi: return this.#csi(byte);
      case text:
        if (byte === 0x07 || byte === 0x18 || byte === 0x1a) {
          this.#state = ground;
        } else if (byte === 0x1b) {
          this.#state = textEscape;
        }
        return true;
      default:
        this.#state = escape;
        if (byte === 0x5c) {
          this.#state = ground;
          return true;
        }
        return false;
    }
  }

  #ground(byte) {
    if (this.#more > 0) {
      if (byte >= this.#lower && byte <= this.#upper) {
        this.#code = (this.#code << 6) | (byte & 0x3f);
        this.#lower = 0x80;
        this.#upper = 0xbf;
        if (--this.#more === 0) {
          this.#put(this.#code);
        }
        return true;
      }
      this.#more = 0;
      this.#put(replacement);
      return false;
    }
    if (byte >= 0x80) {
      this.#lead(byte);
      return true;
    }
    switch (byte) {
      case 0x08: this.column = Math.max(0, this.column - 1); break;
      case 0x09: this.#moveTo(this.column + 8 - this.column % 8, this.column + 8); break;
      case 0x0d: this.column = 0; break;
      case 0x1b: this.#state = escape; break;
      default:
        if (byte >= 0x20 && byte < 0x7f) {
          this.#put(byte);
        }
    }
    return true;
  }

  /** The first byte of a character of several, by the table of the Unicode standard (3.9, well-formed sequences). */
  #lead(byte) {
    if (byte >= 0xc2 && byte <= 0xdf) {
      this.#more = 1;
      this.#code = byte & 0x1f;
    } else if (byte >= 0xe0 && byte <= 0xef) {
      this.#more = 2;
      this.#code = byte & 0x0f;
      this.#lower = byte === 0xe0 ? 0xa0 : 0x80;
      this.#upper = byte === 0xed ? 0x9f : 0xbf;
    } else if (byte >= 0xf0 && byte <= 0xf4) {
      this.#more = 3;
      this.#code = byte & 0x07;
      this.#lower = byte === 0xf0 ? 0x90 : 0x80;
      this.#upper = byte === 0xf4 ? 0x8f : 0xbf;
    } else {
      this.#put(replacement);
    }
  }

  #escape(byte) {
    if (byte === 0x5b) {
      this.#state = csi;
      this.#count = 1;
      this.#values[0] = 0;
      this.#joined[0] = 0;
      this.#private = false;
      return true;
    }
    if (byte === 0x5d || byte === 0x50 || byte === 0x58 || byte === 0x5e || byte === 0x5f) {
      this.#state = text;
      return true;
    }
    if (byte === 0x1b) {
      return true;
    }
    if (byte >= 0x20 && byte <= 0x2f) {
      this.#state = intermediate;
      return true;
    }
    this.#state = ground;
    return byte >= 0x30 && byte <= 0x7e;
  }

  #csi(byte) {
    if (byte >= 0x30 && byte <= 0x39) {
      const last = this.#count - 1;
      this.#values[last] = Math.min(0xffff, this.#values[last] * 10 + byte - 0x30);
    } else if (byte === 0x3a || byte === 0x3b) {
      if (this.#count < maxParameters) {
        this.#values[this.#count] = 0;
        this.#joined[this.#count++] = byte === 0x3a ? 1 : 0;
      }
    } else if (byte >= 0x20 && byte <= 0x3f) {
      this.#private = true;
    } else {
      this.#state = ground;
      if (byte < 0x40 || byte > 0x7e) {
        return false;
      }
      if (!this.#private) {
        this.#run(byte);
      }
    }
    return true;
  }

  #run(final) {
    const value = this.#values[0];
    switch (final) {
      case 0x6d: this.style.apply(this.#values, this.#count, this.#joined); break;
      case 0x43: this.#moveTo(this.column + Math.max(1, value), farRight); break;
      case 0x44: this.column = Math.max(0, this.column - Math.max(1, value)); break;
      case 0x47: case 0x60: this.#moveTo(Math.max(1, value) - 1, farRight); break;
      case 0x4b: this.#erase(value); break;
      case 0x50: this.#shift(Math.max(1, value)); break;
      case 0x58: this.#clear(this.column, Math.min(this.width, this.column + Math.max(1, value))); break;
    }
  }

  #moveTo(column, limit) {
    this.column = Math.max(Math.min(column, limit), Math.min(this.column, column));
  }

  #erase(kind) {
    if (kind === 0) {
      this.#cut(this.column);
    } else if (kind === 1) {
      this.#clear(0, Math.min(this.width, this.column + 1));
    } else if (kind === 2) {
      this.#cut(0);
    }
  }

  #cut(column) {
    if (column < this.width) {
      this.canvas?.clear(column, this.width);
      this.width = column;
    }
  }

  #clear(from, to) {
    if (to >= this.width) {
      this.#cut(from);
    } else if (from < to) {
      this.canvas?.clear(from, to);
    }
  }

  /** Deletes cells: what is behind them moves left. */
  #shift(count) {
    if (this.column < this.width) {
      const removed = Math.min(count, this.width - this.column);
      this.canvas?.shift(this.column, removed, this.width);
      this.width -= removed;
    }
  }

  #ascii(bytes, from, to) {
    this.canvas?.ascii(this.column, bytes, from, to, this.style);
    this.column += to - from;
    if (this.column > this.width) {
      this.width = this.column;
    }
  }

  #put(code) {
    if (isSwallowed(code)) {
      return;
    }
    const width = widthOf(code);
    if (width === 0) {
      this.canvas?.join(this.column - 1, code);
      return;
    }
    this.canvas?.put(this.column, code, width, this.style);
    this.column += width;
    if (this.column > this.width) {
      this.width = this.column;
    }
  }
}

/** The cells of a part of one line. */
export class Canvas {
  /** The first cell that is kept, and the one behind the last. */
  from = 0;
  to = 0;
  codes = new Uint32Array(4096);
  styles = new Uint32Array(4096);
  /** The styles that the cells name by their places: three numbers each. */
  palette = [0, 0, 0];
  #marks = new Map();
  #used = 0;
  #known = new Map([['0,0,0', 0]]);
  #last = 0;

  /** Empties it. */
  start(from, to) {
    const size = to - from;
    if (size > this.codes.length || this.codes.length > Math.max(4 * size, largeCanvas)) {
      this.codes = new Uint32Array(size);
      this.styles = new Uint32Array(size);
    } else {
      this.codes.fill(0, 0, this.#used);
      this.styles.fill(0, 0, this.#used);
    }
    this.from = from;
    this.to = to;
    this.#used = 0;
    this.#marks.clear();
    if (this.palette.length > 30_000) {
      this.palette = [0, 0, 0];
      this.#known = new Map([['0,0,0', 0]]);
      this.#last = 0;
    }
  }

  ascii(column, bytes, from, to, style) {
    const first = Math.max(column, this.from);
    const end = Math.min(column + to - from, this.to);
    if (first >= end) {
      return;
    }
    this.#halve(first);
    this.#halve(end);
    const place = this.#place(style);
    const shift = from - column;
    for (let at = first; at < end; at++) {
      this.codes[at - this.from] = bytes[at + shift];
      this.styles[at - this.from] = place;
    }
    this.#used = Math.max(this.#used, end - this.from);
    this.#unmark(first, end);
  }

  put(column, code, width, style) {
    const place = this.#place(style);
    this.#halve(column);
    this.#halve(column + width);
    for (let i = 0; i < width; i++) {
      const at = column + i - this.from;
      if (at >= 0 && column + i < this.to) {
        this.codes[at] = i === 0 ? code : tail;
        this.styles[at] = place;
        this.#used = Math.max(this.#used, at + 1);
      }
    }
    this.#unmark(column, column + width);
  }

  /** Adds a mark to the character in a cell; without one there it is lost. */
  join(column, code) {
    let cell = column;
    if (this.#holds(cell) && this.codes[cell - this.from] === tail) {
      cell--;
    }
    if (this.#holds(cell) && this.codes[cell - this.from] !== 0) {
      const marks = this.#marks.get(cell) ?? '';
      if (marks.length < maxMarks) {
        this.#marks.set(cell, marks + String.fromCodePoint(code));
      }
    }
  }

  clear(from, to) {
    const first = Math.max(from, this.from);
    const end = Math.min(to, this.to);
    if (first < end) {
      this.#halve(first);
      this.#halve(end);
      this.codes.fill(0, first - this.from, end - this.from);
      this.styles.fill(0, first - this.from, end - this.from);
      this.#unmark(first, end);
    }
  }

  shift(column, count, width) {
    const end = Math.min(width, this.to);
    const first = Math.max(column, this.from);
    if (first + count < end) {
      this.codes.copyWithin(first - this.from, first + count - this.from, end - this.from);
      this.styles.copyWithin(first - this.from, first + count - this.from, end - this.from);
    }
    this.clear(Math.max(first, end - count), end);
  }

  /** The text of one cell: a character with its marks, a space, or nothing for the second half of a wide one. */
  textOf(column) {
    const code = this.codes[column - this.from];
    if (code === tail) {
      return '';
    }
    const text = code === 0 ? ' ' : String.fromCodePoint(code);
    return this.#marks.size > 0 ? text + (this.#marks.get(column) ?? '') : text;
  }

  styleOf(column) {
    return this.styles[column - this.from];
  }

  #holds(column) {
    return column >= this.from && column < this.to;
  }

  /** A wide character of which one half is written over loses the other too. */
  #halve(column) {
    if (column > this.from && this.#holds(column) && this.codes[column - this.from] === tail) {
      this.codes[column - this.from] = 0;
      this.codes[column - 1 - this.from] = 0;
    }
  }

  #unmark(from, to) {
    if (this.#marks.size > 0) {
      for (const cell of this.#marks.keys()) {
        if (cell >= from && cell < to) {
          this.#marks.delete(cell);
        }
      }
    }
  }

  #place(style) {
    const at = 3 * this.#last;
    const palette = this.palette;
    if (palette[at] === style.fg && palette[at + 1] === style.bg && palette[at + 2] === style.attributes) {
      return this.#last;
    }
    const key = `${style.fg},${style.bg},${style.attributes}`;
    let place = this.#known.get(key);
    if (place === undefined) {
      place = palette.length / 3;
      palette.push(style.fg, style.bg, style.attributes);
      this.#known.set(key, place);
    }
    this.#last = place;
    return place;
  }
}
