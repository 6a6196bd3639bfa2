# shellcheck shell=bash disable=SC2034,SC2154 # a part of ../attempt, which sources them all
# The files in a folder's .CI/ that change its build: prepare, PKGBUILD.prepend, PKGBUILD.append.

# Prints files one after the other, each ended by a newline whether it had one or not.
joined() {
  local file
  for file in "$@"; do
    cat -- "$file"
    printf '\n'
  done
}

interfere() {
  local folder=$startdir/.CI code=0 parts=()
  if [[ -s $folder/prepare ]]; then
    section "Interfere: .CI/prepare"
    # A process of its own: what it sets and traps stays there, and "return" is as good as "exit".
    (cd -- "$startdir" && CI_CODE_SKIP=$SKIPPED exec bash -euo pipefail -c 'source ./.CI/prepare') || code=$?
    if ((code == SKIPPED)); then skip ".CI/prepare"; fi
    ((code == 0)) || give_up 1 ".CI/prepare failed ($code)." "It runs as root in the package folder under 'set -euo pipefail'; the lines above are its own."
    # It may have made files as root that the build must be able to write.
    chown -R -h builder:builder -- "$startdir"
    [[ -s $startdir/PKGBUILD ]] || give_up 12 ".CI/prepare left no PKGBUILD behind."
  fi
  if [[ -s $folder/PKGBUILD.prepend ]]; then
    section "Interfere: .CI/PKGBUILD.prepend"
    parts+=("$folder/PKGBUILD.prepend")
  fi
  parts+=("$startdir/PKGBUILD")
  if [[ -s $folder/PKGBUILD.append ]]; then
    section "Interfere: .CI/PKGBUILD.append"
    parts+=("$folder/PKGBUILD.append")
  fi
  if ((${#parts[@]} > 1)); then
    joined "${parts[@]}" >"$scratch/PKGBUILD"
    # Written over, not replaced: owner and mode stay.
    cat -- "$scratch/PKGBUILD" >"$startdir/PKGBUILD"
  fi
}

skip() { # who said so
  section "Skipped: $1 returned $SKIPPED (CI_CODE_SKIP)"
  exit "$SKIPPED"
}
