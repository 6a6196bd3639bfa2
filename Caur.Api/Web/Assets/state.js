// The build's state with its reason, and the package's other builds. Asked for again while the build goes on and the page is seen.

import { headers } from './access.js';
import { logAddress } from './address.js';
import { byId, element, readSpan, showState, spanText, timeText } from './page.js';

const pause = 4000;

export class BuildState {
  /** The state's name once it is known. */
  state = null;
  final = false;

  #id;
  #base;
  #build = null;
  #changed;
  #timer = 0;

  /** @param changed called when the state is another */
  constructor({ id, base, changed }) {
    this.#id = id;
    this.#base = base;
    this.#changed = changed;
    document.addEventListener('visibilitychange', () => this.#build !== null && !this.final && this.ask());
    byId('builds').addEventListener('toggle', () => byId('builds').open && this.listBuilds());
  }

  /** Which build it is: target/arch/pkgbase/timestamp. */
  set build(build) {
    if (build !== this.#build) {
      this.#build = build;
      const [target, arch, , timestamp] = build.split('/');
      byId('where').textContent = `${target} · ${arch} · ${timeText(timestamp)}`;
      this.ask();
      this.listBuilds();
    }
  }

  async ask() {
    clearTimeout(this.#timer);
    if (document.hidden || this.#build === null) {
      return;
    }
    const answer = await this.#get(`api/v1/builds/${this.#build.split('/').map(encodeURIComponent).join('/')}`);
    if (answer === undefined) {
      // Its log outlived what the farm knew of it.
      this.final = true;
    } else if (answer !== null) {
      this.#show(answer);
    }
    if (!this.final) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.ask(), pause);
    }
  }

  /** @returns the package's builds, the newest first */
  async listBuilds() {
    const builds = await this.#get(`api/v1/packages/${encodeURIComponent(this.#id)}/builds`) ?? [];
    const list = byId('build-list');
    list.replaceChildren(...builds.map(build => buildItem(build, this.#build)));
    byId('builds').hidden = builds.length < 2;
    if (this.state === null) {
      const mine = builds.find(build => build.build === this.#build);
      if (mine?.finished) {
        this.#show({ state: mine.finished.state, final: true, reason: '' });
      }
    }
    return builds;
  }

  #show({ state, final, reason, view, start }) {
    showState(byId('state'), state);
    const attempts = view?.attempts ?? [];
    const last = attempts.at(-1);
    const details = [];
    if (typeof start?.seconds === 'number') {
      details.push(`starts in about ${spanText(start.seconds)}`);
    }
    if (attempts.length > 1) {
      details.push(`attempt ${last.number}`);
    }
    if (last) {
      details.push(`on ${typeof last.builder === 'string' ? last.builder.split('/')[0] : last.builder?.name ?? '?'}`);
      if (last.ended) {
        details.push(spanText((Date.parse(last.ended) - Date.parse(last.accepted)) / 1000));
      }
    }
    byId('reason').textContent = [reason, details.join(', ')].filter(text => text).join(' · ');
    const before = this.state;
    this.state = state;
    this.final = final;
    if (before !== state) {
      this.#changed();
    }
  }

  /** @returns the answer; undefined when there is no such thing, null when it cannot be known now */
  async #get(path) {
    try {
      const response = await fetch(new URL(path, this.#base), { headers: headers({ Accept: 'application/json' }) });
      return response.ok ? await response.json() : response.status === 404 ? undefined : null;
    } catch {
      return null;
    }
  }
}

/** An entry of the list of builds. */
export function buildItem({ build, queued, finished }, current) {
  const [target, arch, id, timestamp] = build.split('/');
  const badge = element('span', { className: 'badge' });
  showState(badge, finished?.state ?? (queued ? 'Queued' : 'Log'));
  badge.dataset.kind ||= queued ? 'busy' : '';
  const took = readSpan(finished?.duration);
  const link = element('a', { href: logAddress(id, timestamp) },
    element('span', {}, timeText(timestamp), element('small', { textContent: `${target} · ${arch}${took === null ? '' : ` · ${spanText(took)}`}` })),
    badge);
  if (build === current) {
    link.setAttribute('aria-current', 'page');
  }
  return element('li', {}, link);
}
