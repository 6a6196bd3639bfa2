// Reads a log from the gateway and goes on where it was when a connection breaks: without gap or repetition, because it asks for the bytes
// from the offset that it has.

const pauses = [0.5, 1, 2, 4, 8, 15, 30];

/** The most that a page takes into memory. */
export const limit = 1 << 30;

export class Source {
  /** connecting, open, finished, waiting, missing, refused, closed (a token is wanted), gone or full. */
  phase = 'connecting';
  /** What the gateway or the browser said, for people. */
  message = '';
  /** While waiting: seconds to the next try. */
  pause = 0;
  /** target/arch/pkgbase/timestamp, once the gateway has said it. */
  build = null;
  /** How many connections broke. */
  broken = 0;

  #base;
  #path;
  #received;
  #changed;
  #reset;
  #headers;
  #tries = 0;
  #wake = () => {};
  #abort = null;

  /** @param base the folder of the page
   * @param timestamp null for the newest log
   * @param headers to send with each request
   * @param received called with bytes, in order
   * @param reset called when what came before does not count any more
   * @param changed called when anything else did */
  constructor({ base, id, timestamp, headers, received, reset, changed }) {
    this.#base = base;
    this.#headers = headers ?? {};
    this.#path = `api/logs/${encodeURIComponent(id)}${timestamp === null ? '' : `/${encodeURIComponent(timestamp)}`}`;
    this.#received = received;
    this.#reset = reset;
    this.#changed = changed;
  }

  /** Reads to the log's end. */
  async run() {
    let offset = 0;
    for (;;) {
      this.#abort = new AbortController();
      let response = null;
      try {
        this.#become('connecting');
        response = await fetch(new URL(`${this.#path}?offset=${offset}`, this.#base), { cache: 'no-store', headers: this.#headers, signal: this.#abort.signal });
        if (response.status === 200) {
          this.#begin(response);
          for await (const bytes of pieces(response)) {
            this.#tries = 0;
            if (offset + bytes.length > limit) {
              this.#abort.abort();
              this.#become('full');
              return;
            }
            offset += bytes.length;
            await this.#received(bytes);
          }
          this.#become('finished');
          return;
        }
        if (await this.#isOver(response, offset)) {
          return;
        }
        // The log is shorter than it was: what came before counts no more.
        if (response.status === 416 && offset > 0) {
          offset = 0;
          this.#reset();
          continue;
        }
      } catch (error) {
        if (error instanceof RangeError) {
          this.#become('full');
          return;
        }
        this.message = '';
      }
      this.broken++;
      await this.#rest(response);
    }
  }

  /** Tries again at once; a connection that may be dead is given up. */
  retry(force) {
    this.#tries = 0;
    this.#wake();
    if (force && this.phase === 'open') {
      this.#abort?.abort();
    }
  }

  #begin(response) {
    const build = response.headers.get('Caur-Build');
    if (build !== null) {
      this.build = build;
      const [, , id, timestamp] = build.split('/');
      // Whoever asked for the newest goes on with the same one.
      this.#path = `api/logs/${encodeURIComponent(id)}/${timestamp}`;
    }
    this.#become('open');
  }

  /** An answer after which there is nothing to try. */
  async #isOver(response, offset) {
    if (response.status >= 500 || [408, 416, 425, 429].includes(response.status)) {
      this.message = `The farm answers ${response.status}.`;
      return false;
    }
    this.message = (await response.text()).replace(/\x1b\[[0-9;]*m/g, '').trim().slice(0, 500);
    this.#become(response.status === 401 ? 'closed' : response.status === 404 ? (offset > 0 ? 'gone' : 'missing') : 'refused');
    return true;
  }

  async #rest(response) {
    const asked = Number(response?.headers.get('Retry-After'));
    const pause = pauses[Math.min(this.#tries++, pauses.length - 1)] * (0.75 + Math.random() / 2);
    this.pause = asked > 0 ? Math.min(asked, 60) : pause;
    this.#become('waiting');
    await new Promise(resolve => {
      const timer = setTimeout(resolve, this.pause * 1000);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #become(phase) {
    this.phase = phase;
    this.#changed();
  }
}

async function* pieces(response) {
  const reader = response.body.getReader();
  for (let piece; !(piece = await reader.read()).done;) {
    yield piece.value;
  }
}
