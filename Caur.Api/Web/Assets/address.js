// What the page's address says: ?id=PKGBASE&timestamp=MS, and #L12 or #L12-L20.

/** Which log is asked for. */
export function readQuery(search) {
  const query = new URLSearchParams(search);
  const timestamp = query.get('timestamp')?.trim() || null;
  return { id: query.get('id')?.trim() || null, timestamp };
}

/** The address of a log's page, from another page of this folder. */
export function logAddress(id, timestamp, hash = '') {
  const query = new URLSearchParams(timestamp === null ? { id } : { timestamp, id });
  return `logs.html?${query}${hash}`;
}

/** The lines that a hash names, counted from 0, or null. */
export function readLines(hash) {
  const match = /^#L(\d{1,9})(?:-L?(\d{1,9}))?$/.exec(hash);
  if (match === null) {
    return null;
  }
  const first = Math.max(1, Number(match[1])) - 1;
  const second = match[2] === undefined ? first : Math.max(1, Number(match[2])) - 1;
  return { from: Math.min(first, second), to: Math.max(first, second) };
}

export function linesHash({ from, to }) {
  return from === to ? `#L${from + 1}` : `#L${from + 1}-L${to + 1}`;
}
