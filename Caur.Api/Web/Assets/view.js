// Shows the rows that are on the screen, and no others. All rows have one height; where there are more than an element can be high, the
// scroll bar stands for all of them and small movements stay exact.

import { rowElement } from './row.js';

/** Browsers stop at 17 to 33 million. */
const highest = 8_000_000;
/** Rows above and below the screen that are drawn, and that are asked for. */
const drawn = 8;
const near = 40;
const mostKept = 2000;

export class View {
  /** Whether it stays at the end while the log grows. */
  following = true;
  rowCount = 0;

  #scroller;
  #space;
  #lines;
  #ask;
  #follows;
  #changed;
  #decorate;
  #rowHeight = 20;
  #position = 0;
  #top = 0;
  #known = new Map();
  #shown = new Map();
  #version = -1;
  #asked = null;
  #settled = 0;
  #tail = -1;
  #frame = 0;
  #idle = 0;

  /** @param scroller the element that scrolls, with one for the height in it, and in that one for the rows
   * @param ask called with the rows wanted, from and to
   * @param follows called with the number of rows at the end that are wanted always, as many as are on the screen
   * @param changed called when the position or the following changed
   * @param decorate called with each row's element and data before it is shown */
  constructor({ scroller, space, lines, ask, follows, changed, decorate }) {
    this.#scroller = scroller;
    this.#space = space;
    this.#lines = lines;
    this.#ask = ask;
    this.#follows = follows;
    this.#changed = changed;
    this.#decorate = decorate;
    scroller.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => this.#fit()).observe(scroller);
  }

  get #page() {
    return this.#scroller.clientHeight;
  }

  get #height() {
    return this.rowCount * this.#rowHeight;
  }

  get #farthest() {
    return Math.max(0, this.#height - this.#page);
  }

  get #scaled() {
    return this.#height > highest;
  }

  get #farthestTop() {
    return Math.max(0, Math.min(this.#height, highest) - this.#page);
  }

  get rowHeight() {
    return this.#rowHeight;
  }

  set rowHeight(pixels) {
    const row = this.firstRow;
    this.#rowHeight = pixels;
    this.#fit();
    this.toRow(row);
  }

  /** The first row that is wholly on the screen. */
  get firstRow() {
    return Math.ceil(this.#position / this.#rowHeight);
  }

  get rowsOnScreen() {
    return Math.ceil(this.#page / this.#rowHeight) + 1;
  }

  get atEnd() {
    return this.#position >= this.#farthest - 1;
  }

  /** How many rows are below the screen. */
  get rowsBelow() {
    return Math.max(0, Math.round((this.#farthest - this.#position) / this.#rowHeight));
  }

  /** There are that many rows now.
   * @param settled rows from this one on may still change
   * @param version another one than before: what rows look like has changed
   * @param tail the last rows, when they were told too */
  grow(count, settled, version, tail = []) {
    for (const row of this.#known.values()) {
      if (row.open || row.row >= settled) {
        row.stale = true;
      }
    }
    if (version !== this.#version) {
      this.#version = version;
      for (const row of this.#known.values()) {
        row.stale = true;
      }
    }
    this.#settled = settled;
    if (count !== this.rowCount) {
      this.rowCount = count;
      this.#fit();
    }
    this.#learn(tail, version);
    this.draw();
  }

  /** Every row is another one now. */
  clear() {
    this.#known.clear();
    for (const element of this.#shown.values()) {
      element.remove();
    }
    this.#shown.clear();
    this.#asked = null;
  }

  /** Rows that were asked for. */
  receive(rows, version) {
    this.#asked = null;
    this.#learn(rows, version);
    this.draw();
  }

  /** Shows all rows anew with what is known of them. */
  redraw() {
    for (const row of this.#known.values()) {
      row.fresh = true;
    }
    this.draw();
  }

  follow(on) {
    this.following = on;
    if (on) {
      this.#go(this.#farthest);
    }
    this.#changed();
  }

  /** Brings a row to the screen.
   * @param place where on it: 0 is its top, 1 its bottom; null to move only if it is not on it already */
  toRow(row, place = 0) {
    const wanted = row * this.#rowHeight;
    const out = wanted < this.#position || wanted + this.#rowHeight > this.#position + this.#page;
    if (place !== null || out) {
      this.#go(wanted - (place ?? 0.35) * (this.#page - this.#rowHeight));
    }
  }

  /** Brings columns to the screen, from one pixel to another. */
  toColumns(from, to, margin) {
    const left = this.#scroller.scrollLeft;
    if (from < left || to > left + this.#scroller.clientWidth - margin) {
      this.#scroller.scrollLeft = Math.max(0, from - margin);
    }
  }

  scrollBy(rows) {
    this.#user(this.#position + rows * this.#rowHeight);
  }

  scrollByPages(pages) {
    this.#user(this.#position + pages * (this.#page - 2 * this.#rowHeight));
  }

  /** Draws in the next frame. */
  draw() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #user(position) {
    const wanted = Math.max(0, Math.min(position, this.#farthest));
    this.following = wanted >= this.#farthest - 1 && wanted >= this.#position;
    this.#go(wanted);
    this.#changed();
  }

  #go(position) {
    this.#position = Math.max(0, Math.min(position, this.#farthest));
    this.#setTop(this.#scaled && this.#farthest > 0 ? this.#position / this.#farthest * this.#farthestTop : this.#position);
    this.draw();
  }

  #setTop(top) {
    this.#scroller.scrollTop = top;
    // Read back: it is rounded and kept within bounds.
    this.#top = this.#scroller.scrollTop;
  }

  /** After the height of the rows, or that of the window, has changed. */
  #fit() {
    this.#space.style.height = `${Math.min(this.#height, highest)}px`;
    if (this.following) {
      this.#go(this.#farthest);
    } else if (this.#position > this.#farthest) {
      this.#go(this.#farthest);
    } else if (!this.#scaled && this.#top !== this.#position) {
      this.#setTop(this.#position);
    }
    this.draw();
    this.#changed();
  }

  #scrolled() {
    const top = this.#scroller.scrollTop;
    const moved = top - this.#top;
    if (moved !== 0) {
      this.#top = top;
      if (!this.#scaled) {
        this.#position = top;
      } else if (Math.abs(moved) > this.#page) {
        this.#position = top / this.#farthestTop * this.#farthest;
      } else {
        this.#position = Math.max(0, Math.min(this.#position + moved, this.#farthest));
        this.#settle(top <= 0 || top >= this.#farthestTop);
      }
      if (moved < 0 && !this.atEnd) {
        this.following = false;
      } else if (moved > 0 && this.#position >= this.#farthest - this.#rowHeight) {
        this.following = true;
      }
      this.#changed();
    }
    this.draw();
  }

  /** Sets the scroll bar to where it should be, when that is not the hand's any more or when it is at its end. */
  #settle(now) {
    clearTimeout(this.#idle);
    if (now) {
      this.#go(this.#position);
    } else {
      this.#idle = setTimeout(() => this.#go(this.#position), 300);
    }
  }

  #draw() {
    const height = this.#rowHeight;
    const tail = this.following ? this.rowsOnScreen : 0;
    if (tail !== this.#tail) {
      this.#tail = tail;
      this.#follows(tail);
    }
    const top = Math.floor(this.#position / height);
    const bottom = Math.ceil((this.#position + this.#page) / height);
    const first = Math.max(0, top - drawn);
    const end = Math.min(this.rowCount, bottom + drawn);
    const shift = this.#position - this.#top;
    const { from, to } = this.#missing(first, end, Math.max(0, top - near), Math.min(this.rowCount, bottom + near));
    if (from >= 0 && this.#asked === null) {
      this.#asked = { from, to };
      this.#ask(from, to);
    }
    for (const [row, element] of this.#shown) {
      if (row < first || row >= end) {
        element.remove();
        this.#shown.delete(row);
      }
    }
    const added = document.createDocumentFragment();
    for (let row = first; row < end; row++) {
      const known = this.#known.get(row);
      let element = this.#shown.get(row);
      if (known?.fresh) {
        known.fresh = false;
        const made = rowElement(known);
        this.#decorate(made, known);
        if (element === undefined) {
          added.append(made);
        } else {
          element.replaceWith(made);
        }
        this.#shown.set(row, made);
        element = made;
      } else if (known !== undefined && element === undefined) {
        element = rowElement(known);
        this.#decorate(element, known);
        added.append(element);
        this.#shown.set(row, element);
      }
      if (element !== undefined) {
        const top = `${row * height - shift}px`;
        if (element.style.top !== top) {
          element.style.top = top;
        }
      }
    }
    if (added.childNodes.length > 0) {
      this.#lines.append(added);
    }
  }

  /** What to ask for: nothing as long as all that is drawn is known, otherwise what is missing with what is near it. */
  #missing(first, end, nearFirst, nearEnd) {
    const unknown = row => this.#known.get(row)?.stale !== false;
    let from = first;
    while (from < end && !unknown(from)) {
      from++;
    }
    if (from === end) {
      return { from: -1, to: -1 };
    }
    from = nearFirst;
    while (!unknown(from)) {
      from++;
    }
    let to = nearEnd;
    while (!unknown(to - 1)) {
      to--;
    }
    return { from, to };
  }

  #learn(rows, version) {
    for (const row of rows) {
      const before = this.#known.get(row.row);
      if (before === undefined || before.stale) {
        row.stale = version !== this.#version;
        row.open = row.row >= this.#settled;
        row.fresh = true;
        this.#known.set(row.row, row);
      }
    }
    if (this.#known.size > mostKept) {
      const middle = this.#position / this.#rowHeight;
      for (const row of this.#known.keys()) {
        if (Math.abs(row - middle) > mostKept / 4) {
          this.#known.delete(row);
        }
      }
    }
  }
}
