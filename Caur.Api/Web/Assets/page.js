// Small things that pages need.

export const byId = id => document.getElementById(id);

/** Makes an element with text or other nodes in it. */
export function element(name, properties = {}, ...content) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...content);
  return made;
}

export const number = value => value.toLocaleString('en');

export function bytesText(count) {
  const units = ['bytes', 'KB', 'MB', 'GB'];
  let unit = 0;
  let value = count;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return unit === 0 ? `${count} bytes` : `${value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`;
}

export function timeText(milliseconds) {
  const time = new Date(Number(milliseconds));
  return Number.isNaN(time.getTime()) ? String(milliseconds)
    : time.toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
}

/** A time span as people say it. */
export function spanText(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0 ? `${hours} h ${minutes} min` : minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}

/** A time span as .NET writes it, [d.]hh:mm:ss[.fffffff], in seconds. */
export function readSpan(text) {
  const match = /^(?:(\d+)\.)?(\d+):(\d+):(\d+(?:\.\d+)?)$/.exec(text ?? '');
  return match === null ? null : Number(match[1] ?? 0) * 86_400 + Number(match[2]) * 3600 + Number(match[3]) * 60 + Number(match[4]);
}

const kinds = {
  Waiting: 'held', Assigned: 'busy', Running: 'busy', Uploading: 'busy', Publishing: 'busy', Published: 'good', AlreadyBuilt: 'good',
  Skipped: 'good', Failed: 'bad', TimedOut: 'bad', Stalled: 'bad', OutOfMemory: 'bad', SystemError: 'bad',
};
const words = { AlreadyBuilt: 'Already built', TimedOut: 'Timed out', OutOfMemory: 'Out of memory', SystemError: 'System error' };

/** Shows a build's state. */
export function showState(badge, state) {
  badge.hidden = false;
  badge.textContent = words[state] ?? state;
  badge.dataset.kind = kinds[state] ?? '';
}

/** Copies text; where the clipboard is closed to pages without TLS, by way of a field. */
export async function copyText(text) {
  if (navigator.clipboard !== undefined) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // The other way then.
    }
  }
  const field = element('textarea', { value: text, readOnly: true, className: 'hidden' });
  const focused = document.activeElement;
  document.body.append(field);
  field.select();
  const done = document.execCommand('copy');
  field.remove();
  focused?.focus();
  return done;
}
