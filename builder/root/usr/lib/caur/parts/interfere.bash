# shellcheck shell=bash disable=SC2034,SC2154 # a part of ../attempt, which sources them all
# The files in a folder's .CI/ that change its build: prepare, interfere.patch, PKGBUILD.prepend, PKGBUILD.append, and the bump.

# What prepare and the commands that it pushed exported, for makepkg: "NAME=value".
prepared=()

# Prints files one after the other, each ended by a newline whether it had one or not.
joined() {
  local file
  for file in "$@"; do
    cat -- "$file"
    printf '\n'
  done
}

interfere() {
  local folder=$startdir/.CI
  make_portable
  if [[ -s $folder/prepare ]]; then run_prepare; fi
  if [[ -s $folder/interfere.patch ]]; then apply_patch; fi
  join_recipe "$folder"
  bump_release
}

# What is built for one processor only is of no use to those who install it.
make_portable() {
  grep -q -- '-march=native' "$startdir/PKGBUILD" || return 0
  warning "-march=native is taken out of the PKGBUILD: the package must run on other machines than this one."
  sed -i 's/-march=native//g' -- "$startdir/PKGBUILD"
}

run_prepare() {
  local code=0
  section "Interfere: .CI/prepare"
  # It may want to install something.
  if [[ -n $(pacman-conf --repo-list) ]]; then
    with_patience pacman "$(refresh_flags)" --noconfirm --noprogressbar || warning "The repositories could not be read; what .CI/prepare installs may be missing."
  fi
  : >"$scratch/pushed"
  in_package_folder "$here/prepare" "$scratch/pushed" || code=$?
  if ((code == SKIPPED)); then skip ".CI/prepare"; fi
  ((code == 0)) || give_up 1 ".CI/prepare failed ($code)." "It runs as root in the package folder under 'set -euo pipefail'; the lines above are its own."
  if [[ -s $scratch/pushed ]]; then
    section "Interfere: what .CI/prepare pushed"
    in_package_folder "$here/pushed" "$scratch/pushed" || code=$?
    if ((code == SKIPPED)); then skip "What .CI/prepare pushed"; fi
    ((code == 0)) || give_up 1 "A command that .CI/prepare pushed failed ($code)." "It runs as root in the package folder; the lines above are its own."
  fi
  # They may have made files as root that the build must be able to write.
  chown -R -h builder:builder -- "$startdir"
  [[ -s $startdir/PKGBUILD ]] || give_up 12 ".CI/prepare left no PKGBUILD behind."
}

# Runs one of the scripts beside this one as root in the package folder, with what was prepared before it, and
# takes what it exports. A process of its own: what it traps stays there, and "return" is as good as "exit".
in_package_folder() {
  local code=0 pair name
  local -A before=()
  while IFS= read -r -d '' pair; do before[$pair]=1; done < <(env -0)
  : >"$scratch/exported"
  (cd -- "$startdir" && CI_CODE_SKIP=$SKIPPED exec env -- "${prepared[@]}" bash "$@" 3>"$scratch/exported") || code=$?
  ((code == 0)) || return "$code"
  if [[ -s $scratch/exported ]]; then prepared=(); fi
  while IFS= read -r -d '' pair; do
    name=${pair%%=*}
    [[ -z ${before[$pair]:-} && $name =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] || continue
    case $name in
      # The build's own, and what a shell sets for itself.
      HOME | USER | LOGNAME | SHELL | PWD | OLDPWD | SHLVL | _ | MAKEPKG_CONF | PKGDEST | SRCDEST | CARCH | CI_CODE_SKIP | CAUR_* | BUILDER_*) ;;
      *) prepared+=("$pair") ;;
    esac
  done <"$scratch/exported"
}

apply_patch() {
  local code=0
  section "Interfere: .CI/interfere.patch"
  as_builder patch --strip=1 --forward --batch --no-backup-if-mismatch --input=.CI/interfere.patch || code=$?
  ((code == 0)) || give_up 1 ".CI/interfere.patch does not apply ($code)." \
    "It is applied in the package folder with 'patch -Np1'; the lines above say which part is refused." "Make it anew for the folder as it is now."
  [[ -s $startdir/PKGBUILD ]] || give_up 12 ".CI/interfere.patch left no PKGBUILD behind."
}

join_recipe() { # the folder .CI
  local parts=()
  if [[ -s $1/PKGBUILD.prepend ]]; then
    section "Interfere: .CI/PKGBUILD.prepend"
    parts+=("$1/PKGBUILD.prepend")
  fi
  parts+=("$startdir/PKGBUILD")
  if [[ -s $1/PKGBUILD.append ]]; then
    section "Interfere: .CI/PKGBUILD.append"
    parts+=("$1/PKGBUILD.append")
  fi
  ((${#parts[@]} > 1)) || return 0
  joined "${parts[@]}" >"$scratch/PKGBUILD"
  # Written over, not replaced: owner and mode stay.
  cat -- "$scratch/PKGBUILD" >"$startdir/PKGBUILD"
}

# CI_PACKAGE_BUMP is VERSION/COUNT, or VERSION for a count of 1: while the PKGBUILD has that version, its pkgrel gets .COUNT.
# It is decided each time the PKGBUILD is sourced, so a version that pkgver() finds out ends the bump.
bump_release() {
  local bump=${CI_PACKAGE_BUMP:-} version count
  [[ -n $bump ]] || return 0
  version=${bump%%/*} count=1
  if [[ $bump == */* ]]; then count=${bump#*/}; fi
  [[ $version =~ ^[A-Za-z0-9@._+~:-]+$ && $count =~ ^[0-9]+$ ]] ||
    give_up 12 "CI_PACKAGE_BUMP is '$bump', but must be a version, or a version, a slash and a number." "Correct it in .CI/config."
  section "Interfere: CI_PACKAGE_BUMP=$bump"
  # shellcheck disable=SC2016 # the PKGBUILD expands it
  printf '\n[ "$(vercmp %q "${epoch:-0}:$pkgver-$pkgrel")" != 0 ] || pkgrel=$pkgrel.%s\n' "$version" "$count" >>"$startdir/PKGBUILD"
}

skip() { # who said so
  section "Skipped: $1 returned $SKIPPED (CI_CODE_SKIP)"
  exit "$SKIPPED"
}
