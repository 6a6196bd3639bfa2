// The keyboard. The list that ? shows stands in logs.html.

import { byId } from './page.js';

export function listenToKeys(actions) {
  const { search, view } = actions;
  const keys = {
    '/': () => search.focus(),
    n: () => search.step(1),
    N: () => search.step(-1),
    f: actions.follow,
    w: actions.toggleWrap,
    j: () => view.scrollBy(1),
    k: () => view.scrollBy(-1),
    ArrowDown: () => view.scrollBy(1),
    ArrowUp: () => view.scrollBy(-1),
    PageDown: () => view.scrollByPages(1),
    PageUp: () => view.scrollByPages(-1),
    g: () => view.scrollByPages(-Infinity),
    Home: () => view.scrollByPages(-Infinity),
    G: actions.toEnd,
    End: actions.toEnd,
    l: () => actions.chooseHere(false),
    L: () => actions.chooseHere(true),
    J: () => actions.moveChosen(1),
    K: () => actions.moveChosen(-1),
    c: actions.copyLink,
    y: actions.copyLines,
    b: actions.openBuilds,
    d: actions.download,
    '?': actions.openHelp,
  };

  document.addEventListener('keydown', event => {
    if (byId('help').open) {
      return;
    }
    if (event.key === 'Escape') {
      actions.escape();
      return;
    }
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key === 'f' && document.activeElement !== byId('search-text')) {
      event.preventDefault();
      search.focus();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches?.('input, textarea')) {
      return;
    }
    const onButton = event.target.closest?.('button, summary, a:not(.number)');
    if (event.key === ' ' && !onButton) {
      event.preventDefault();
      view.scrollByPages(event.shiftKey ? -1 : 1);
      return;
    }
    const action = keys[event.key];
    if (action !== undefined) {
      event.preventDefault();
      action();
    }
  });
}
