// A line as text: what is searched, copied and shown.

import { Canvas, isPlain, Terminal, tail } from './terminal.js';

const colours = /\x1b\[[0-9;:]*m/g;
const escapes = /\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])/g;
const controls = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g;
/** Lines longer than this are not drawn to be read: what overwrites what in them is not looked at. */
const tooLong = 1 << 20;

const terminal = new Terminal();
const canvas = new Canvas();
const encoder = new TextEncoder();

/** Takes colours away from text that has them. */
export function withoutColours(text) {
  return text.includes('\x1b') ? text.replace(colours, '') : text;
}

/** What a terminal shows of one line.
 * @param line decoded, without its line feed */
export function textOf(line) {
  let text = withoutColours(line);
  while (text.endsWith('\r')) {
    text = text.slice(0, -1);
  }
  if (isPlain(text)) {
    return text;
  }
  if (text.length > tooLong) {
    return text.replace(escapes, '').replace(controls, '').replaceAll('\t', ' ');
  }
  const width = draw(text);
  return cellsToText(canvas, 0, width).text;
}

/** The cell in which a place of a line's text is shown.
 * @param line decoded, without its line feed
 * @param place an index into what {@link textOf} makes of it */
export function cellOf(line, place) {
  if (line.length > tooLong || /^[ -~]*$/.test(line)) {
    return place;
  }
  const { starts } = cellsToText(canvas, 0, draw(line));
  if (starts === null) {
    return place;
  }
  let cell = 0;
  while (cell + 1 < starts.length && starts[cell + 1] <= place) {
    cell++;
  }
  return cell;
}

/** The text of cells.
 * @returns it, and for each cell the place where its text begins, and the end; null when there is one character in each */
export function cellsToText(drawn, from, to) {
  const codes = drawn.codes;
  const shift = drawn.from;
  let simple = true;
  for (let i = from - shift; i < to - shift; i++) {
    if (codes[i] >= 0x300) {
      simple = false;
      break;
    }
  }
  if (simple) {
    return { text: decode(codes.subarray(from - shift, to - shift)), starts: null };
  }
  const starts = new Uint32Array(to - from + 1);
  let text = '';
  for (let cell = from; cell < to; cell++) {
    starts[cell - from] = text.length;
    text += codes[cell - shift] === tail && cell === from ? ' ' : drawn.textOf(cell);
  }
  starts[to - from] = text.length;
  return { text, starts };
}

function draw(line) {
  const bytes = encoder.encode(line);
  terminal.start({ fg: 0, bg: 0, attributes: 0 });
  canvas.start(0, 8 * bytes.length + 1008);
  terminal.canvas = canvas;
  terminal.read(bytes, 0, bytes.length);
  return Math.min(terminal.width, canvas.to);
}

function decode(codes) {
  const characters = Uint16Array.from(codes, code => code === 0 ? 0x20 : code);
  let text = '';
  for (let at = 0; at < characters.length; at += 8192) {
    text += String.fromCharCode.apply(null, characters.subarray(at, at + 8192));
  }
  return text;
}
