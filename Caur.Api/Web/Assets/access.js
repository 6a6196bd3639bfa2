// The token that a reader presents where the farm does not let everybody read. It is kept for this tab alone and goes to this farm alone.

import { element } from './page.js';

const key = 'caur.token';
let kept = null;
try {
  kept = sessionStorage.getItem(key);
} catch {
  // A browser that keeps nothing asks again on the next page.
}

/** The token; null without one. */
export const token = () => kept;

/** Headers for a request to the farm. */
export function headers(more = {}) {
  return kept === null ? more : { ...more, Authorization: `Bearer ${kept}` };
}

/** Asks for a token.
 * @param used called when one was given, or taken back by an empty field */
export function accessForm(used) {
  const field = element('input', { type: 'password', name: 'token', placeholder: 'Token', autocomplete: 'off', spellcheck: false });
  field.setAttribute('aria-label', 'Token');
  const form = element('form', { id: 'access' }, field, element('button', { type: 'submit', textContent: 'Use this token' }));
  form.addEventListener('submit', event => {
    event.preventDefault();
    // What else came along, as quotation marks or what cannot be seen, is in no token, and a browser would not send it in a header.
    keep(field.value.replace(/[^!-~]/g, ''));
    used();
  });
  return form;
}

/** What to say to whoever is refused. */
export function accessText() {
  return kept === null
    ? 'This farm lets only those read who have a token. It stays in this tab until that is closed.'
    : 'The farm does not take this token: it is unknown or has ended. Give another one, or none.';
}

function keep(value) {
  kept = value === '' ? null : value;
  try {
    if (kept === null) {
      sessionStorage.removeItem(key);
    } else {
      sessionStorage.setItem(key, kept);
    }
  } catch {
    // Then it lasts as long as the page.
  }
}
