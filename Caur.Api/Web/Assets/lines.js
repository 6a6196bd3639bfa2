// Where the log's lines are, and where the rows on the screen are: a line is one row, or as many as its cells fill. Not every line is
// remembered but every 64th or so; those between are found by reading from the one before.

import { Canvas, Terminal } from './terminal.js';

const linesApart = 64;
const bytesApart = 65_536;
/** Lines of up to this many cells are drawn whole; of longer ones the part that is looked at. */
const wholeLine = 65_536;

export class Lines {
  /** Complete lines, and the rows that they have. */
  count = 0;
  rows = 0;
  /** The cells of the widest line so far. */
  widest = 0;
  /** How many bytes have been read. */
  scanned = 0;

  #bytes;
  #columns;
  #live = new Terminal();
  #lineStart = 0;
  #marks = new Checkpoints();
  #lastMark = 0;
  #linesSinceMark = 0;
  #terminal = new Terminal();
  #canvas = new Canvas();

  /** @param bytes the log
   * @param columns the cells of one row */
  constructor(bytes, columns) {
    this.#bytes = bytes;
    this.#columns = columns;
    this.#mark(0);
  }

  get columns() {
    return this.#columns;
  }

  /** Lines with the one that is not complete, if it has anything. */
  get lineCount() {
    return this.count + (this.scanned > this.#lineStart ? 1 : 0);
  }

  /** Rows with those of the line that is not complete. */
  get rowCount() {
    return this.rows + (this.scanned > this.#lineStart ? this.#rowsOf(this.#live.width) : 0);
  }

  /** Where the line that is not complete begins. */
  get openLine() {
    return this.#lineStart;
  }

  /** Reads on, at most so many bytes.
   * @returns true when there is no more to read now */
  scan(most) {
    const end = Math.min(this.#bytes.length, this.scanned + most);
    while (this.scanned < end) {
      const piece = this.#bytes.view(this.scanned, Math.min(end, this.scanned + bytesApart));
      let at = 0;
      while (at < piece.length) {
        const next = this.#live.read(piece, at, piece.length);
        if (next < 0) {
          break;
        }
        at = next;
        this.#endLine(this.scanned + at);
      }
      this.scanned += piece.length;
      // Within a line one may go on where all before is settled.
      if (this.scanned - this.#lastMark >= bytesApart && this.scanned > this.#lineStart && this.#live.resumable) {
        this.#mark(this.scanned);
      }
    }
    return this.scanned === this.#bytes.length;
  }

  /** The line that begins at or before an offset's line, with where it begins: for reading line by line from there. */
  lineBefore(line) {
    const at = this.#marks.lastLine(line);
    return { line: this.#marks.line[at], offset: this.#marks.offset[at] };
  }

  /** The first row of a line. */
  rowOf(line) {
    if (line >= this.count) {
      return this.rows;
    }
    let found = 0;
    this.#walk(this.#marks.lastLine(line), current => {
      found = current.row;
      return current.line < line;
    });
    return found;
  }

  /** The line that a row shows. */
  lineAt(row) {
    if (row >= this.rows) {
      return this.count;
    }
    let found = 0;
    this.#walk(this.#marks.lastRow(row), current => {
      found = current.line;
      return current.row + this.#rowsOf(current.width) <= row;
    });
    return found;
  }

  /** Draws the lines that have rows from one row up to another.
   * @param draw called for each with the line's number and first row, the canvas, the first and the last cell drawn, and the line's width */
  paint(fromRow, toRow, draw) {
    const end = Math.min(toRow, this.rowCount);
    if (fromRow >= end) {
      return;
    }
    const at = this.#marks.lastRow(fromRow);
    this.#walk(at, current => current.row + this.#rowsOf(current.width) < end, (current, startColumn) => {
      const first = Math.max(0, fromRow - current.row) * this.#columns;
      const from = first <= wholeLine && startColumn === 0 ? 0 : Math.max(first, startColumn);
      return { from, to: Math.max(from + wholeLine, (end - current.row) * this.#columns) };
    }, (current, canvas) => {
      if (current.row + this.#rowsOf(current.width) > fromRow) {
        draw(current.line, current.row, canvas, canvas.from, Math.max(canvas.from, Math.min(current.width, canvas.to)), current.width);
      }
    });
  }

  /** The bytes of a line, without its line feed. */
  bytesOf(line) {
    const before = this.lineBefore(line);
    let start = before.offset;
    for (let at = before.line; at < line; at++) {
      start = this.#bytes.indexOf(0x0a, start, this.scanned) + 1;
    }
    const end = this.#bytes.indexOf(0x0a, start, this.scanned);
    return this.#bytes.copy(start, end < 0 ? this.scanned : end);
  }

  /** Reads line by line from a checkpoint on.
   * @param goOn called after each line; false ends it
   * @param window which cells are wanted of a line, when any are
   * @param drawn called with a line that was drawn */
  #walk(mark, goOn, window, drawn) {
    const marks = this.#marks;
    const current = { line: marks.line[mark], row: marks.row[mark], width: 0 };
    let column = marks.column[mark];
    let offset = marks.offset[mark];
    const terminal = this.#terminal;
    const style = { fg: marks.fg[mark], bg: marks.bg[mark], attributes: marks.attributes[mark] };
    for (;;) {
      terminal.start(style, column);
      terminal.canvas = null;
      if (window) {
        const { from, to } = window(current, column);
        this.#canvas.start(from, to);
        terminal.canvas = this.#canvas;
      }
      offset = this.#readLine(terminal, offset);
      current.width = terminal.width;
      drawn?.(current, this.#canvas);
      if (offset >= this.scanned && current.line >= this.count - 1 || !goOn(current)) {
        return;
      }
      current.line++;
      current.row += this.#rowsOf(terminal.width);
      style.fg = terminal.style.fg;
      style.bg = terminal.style.bg;
      style.attributes = terminal.style.attributes;
      column = 0;
    }
  }

  /** @returns where the next line begins */
  #readLine(terminal, offset) {
    while (offset < this.scanned) {
      const piece = this.#bytes.view(offset, this.scanned);
      const next = terminal.read(piece, 0, piece.length);
      if (next >= 0) {
        return offset + next;
      }
      offset += piece.length;
    }
    return offset;
  }

  #rowsOf(width) {
    return width <= this.#columns ? 1 : Math.ceil(width / this.#columns);
  }

  #endLine(next) {
    const live = this.#live;
    this.count++;
    this.rows += this.#rowsOf(live.width);
    if (live.width > this.widest) {
      this.widest = live.width;
    }
    this.#lineStart = next;
    live.column = 0;
    live.width = 0;
    if (++this.#linesSinceMark >= linesApart || next - this.#lastMark >= bytesApart) {
      this.#mark(next);
    }
  }

  #mark(offset) {
    const { style, column } = this.#live;
    this.#marks.add(offset, this.count, this.rows, column, Math.ceil(column / this.#columns) + this.rows, style);
    this.#lastMark = offset;
    this.#linesSinceMark = 0;
  }
}

/** A table in typed arrays: 36 bytes each. */
class Checkpoints {
  count = 0;
  /** Where to read from, the line there, that line's first row, the cell to begin with, and the first row that is settled from there. */
  offset = new Float64Array(256);
  line = new Uint32Array(256);
  row = new Uint32Array(256);
  column = new Uint32Array(256);
  settled = new Uint32Array(256);
  fg = new Uint32Array(256);
  bg = new Uint32Array(256);
  attributes = new Uint32Array(256);

  add(offset, line, row, column, settled, style) {
    if (this.count === this.line.length) {
      for (const name of ['offset', 'line', 'row', 'column', 'settled', 'fg', 'bg', 'attributes']) {
        const larger = new this[name].constructor(this[name].length * 2);
        larger.set(this[name]);
        this[name] = larger;
      }
    }
    const at = this.count++;
    this.offset[at] = offset;
    this.line[at] = line;
    this.row[at] = row;
    this.column[at] = column;
    this.settled[at] = settled;
    this.fg[at] = style.fg;
    this.bg[at] = style.bg;
    this.attributes[at] = style.attributes;
  }

  /** The last from which a line can be read whole. */
  lastLine(line) {
    let at = this.#last(this.line, line);
    while (this.column[at] > 0) {
      at--;
    }
    return at;
  }

  /** The last from which a row can be read. */
  lastRow(row) {
    return this.#last(this.settled, row);
  }

  #last(table, wanted) {
    let low = 0;
    let high = this.count - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (table[middle] <= wanted) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }
}
