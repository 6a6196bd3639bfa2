// Makes the element of a row. Whatever the log says becomes a text node: nothing of it is read as markup.

import { bold, cssColour, faint, hidden, inverse, italic, overline, strike, underline } from './style.js';

const attributeClasses = [
  [bold, 'bold'], [faint, 'faint'], [italic, 'italic'], [underline, 'underline'], [strike, 'strike'], [overline, 'overline'], [hidden, 'unseen'],
];

/** @param row what the worker says of it */
export function rowElement(row) {
  const element = document.createElement('div');
  element.className = 'row';
  const first = row.part === 0;
  const number = document.createElement(first ? 'a' : 'span');
  number.className = 'number';
  if (first) {
    number.href = `#L${row.line + 1}`;
    number.textContent = String(row.line + 1);
    number.setAttribute('aria-label', `Line ${row.line + 1}`);
    number.tabIndex = -1;
  }
  const text = document.createElement('span');
  text.className = 'text';
  for (const piece of row.pieces) {
    text.append(pieceNode(row, piece));
  }
  element.append(number, text);
  return element;
}

function pieceNode(row, [content, fg, bg, attributes, match]) {
  if (match === 0 && fg === 0 && bg === 0 && attributes === 0) {
    return document.createTextNode(content);
  }
  const element = document.createElement(match === 0 ? 'span' : 'mark');
  element.textContent = content;
  if (match !== 0) {
    element.dataset.line = row.line;
    element.dataset.place = match - 1;
  }
  paint(element, cssColour(fg), cssColour(bg), attributes);
  return element;
}

function paint(element, fg, bg, attributes) {
  const classes = element.classList;
  let text = fg;
  let ground = bg;
  if ((attributes & inverse) !== 0) {
    text = bg;
    ground = fg ?? 'text';
  }
  if (ground === 'text') {
    classes.add('bi', 'bg');
  } else if (typeof ground === 'number') {
    classes.add(`b${ground}`, 'bg');
  } else if (ground !== null) {
    classes.add('bx', isLight(ground) ? 'on-light' : 'on-dark');
    element.style.setProperty('--b', ground);
  }
  if (typeof text === 'number') {
    classes.add(ground === null ? `f${text}` : `r${text}`);
  } else if (text !== null) {
    classes.add('fx');
    element.style.setProperty('--f', text);
  }
  for (const [flag, name] of attributeClasses) {
    if ((attributes & flag) !== 0) {
      classes.add(name);
    }
  }
}

function isLight(colour) {
  const rgb = parseInt(colour.slice(1), 16);
  return 0.299 * (rgb >> 16) + 0.587 * ((rgb >> 8) & 0xff) + 0.114 * (rgb & 0xff) > 140;
}
