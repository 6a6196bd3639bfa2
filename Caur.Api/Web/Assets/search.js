// The field that searches the whole log.

import { byId, number } from './page.js';

const delay = 150;
/** Without a sign of life for so long while it searches, the worker is stuck in an expression. */
const stuckAfter = 8000;

export class SearchBox {
  /** The match that was gone to: its line and its place in the line's text. */
  current = null;
  /** Called when an expression has kept the worker busy for too long. */
  onStuck = () => {};

  #send;
  #firstRow;
  #shown;
  #marked;
  #search = 0;
  #index = -1;
  #count = 0;
  #done = true;
  #gone = false;
  #problem = '';
  #timer = 0;
  #watch = 0;
  #field = byId('search-text');

  constructor({ send, firstRow, shown, marked }) {
    this.#send = send;
    this.#firstRow = firstRow;
    this.#shown = shown;
    this.#marked = marked;
    this.#field.addEventListener('input', () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#start(), delay);
    });
    byId('search').addEventListener('submit', event => event.preventDefault());
    this.#field.addEventListener('keydown', event => {
      if (event.key === 'Enter') {
        event.preventDefault();
        this.step(event.shiftKey ? -1 : 1);
      }
    });
    byId('next').addEventListener('click', () => this.step(1));
    byId('previous').addEventListener('click', () => this.step(-1));
    for (const name of ['match-case', 'regex']) {
      byId(name).addEventListener('click', () => {
        byId(name).setAttribute('aria-pressed', String(!this.#is(name)));
        this.#start();
      });
    }
    this.#show();
  }

  get active() {
    return this.#field.value !== '';
  }

  focus() {
    this.#field.focus();
    this.#field.select();
  }

  /** Goes to the next match, or back. */
  step(by) {
    clearTimeout(this.#timer);
    if (this.#field.value !== this.#asked) {
      this.#start();
    } else if (this.#count > 0) {
      this.#gone = true;
      this.#send(this.#index < 0 ? { kind: 'match', row: this.#firstRow() } : { kind: 'match', index: this.#index + by });
    }
  }

  clear(problem = '') {
    clearTimeout(this.#timer);
    this.#field.value = '';
    this.#start();
    this.#problem = problem;
    this.#show();
  }

  /** What the worker says of the search. */
  told(search) {
    if (search === null || search.search !== this.#search) {
      return;
    }
    this.#count = search.count;
    this.#done = search.done;
    this.#guard();
    if (!this.#gone && this.#count > 0) {
      this.#gone = true;
      this.#send({ kind: 'match', row: this.#firstRow() });
    }
    this.#show();
  }

  /** Where the worker found a match. */
  found(match) {
    if (match.search === this.#search && match.index >= 0) {
      this.#index = match.index;
      this.current = match;
      this.#shown(match);
      this.#show();
    }
  }

  #asked = '';

  #start() {
    this.#search++;
    this.#index = -1;
    this.#count = 0;
    this.#gone = false;
    this.#problem = '';
    this.current = null;
    this.#asked = this.#field.value;
    const query = { search: this.#search, text: this.#asked, regex: this.#is('regex'), matchCase: this.#is('match-case') };
    this.#field.title = '';
    if (query.regex) {
      try {
        RegExp(query.text);
      } catch (error) {
        query.text = '';
        this.#problem = 'Not an expression';
        this.#field.title = error.message;
      }
    }
    this.#done = query.text === '';
    this.#send({ kind: 'find', query });
    this.#guard();
    this.#show();
    this.#marked();
  }

  #guard() {
    clearTimeout(this.#watch);
    if (!this.#done) {
      this.#watch = setTimeout(() => this.onStuck(), stuckAfter);
    }
  }

  #is(name) {
    return byId(name).getAttribute('aria-pressed') === 'true';
  }

  #show() {
    const none = this.#count === 0;
    byId('next').disabled = none;
    byId('previous').disabled = none;
    if (this.#problem !== '') {
      this.#say(this.#problem, true);
    } else if (this.#asked === '') {
      this.#say('');
    } else if (none) {
      this.#say(this.#done ? 'None' : 'Searching …', this.#done);
    } else {
      const place = this.#index < 0 ? '' : `${number(this.#index + 1)} of `;
      this.#say(`${place}${number(this.#count)}${this.#done ? '' : ' …'}`);
    }
  }

  #say(text, wrong = false) {
    const output = byId('search-count');
    if (output.textContent !== text) {
      output.textContent = text;
    }
    output.toggleAttribute('data-wrong', wrong);
    this.#field.setAttribute('aria-invalid', String(wrong && text !== 'None'));
  }
}
