# shellcheck shell=bash disable=SC2034,SC2154 # a part of ../attempt, which sources them all
# The build itself, and what comes of it.

makepkg_as_builder() {
  local code=0
  as_builder makepkg --skippgpcheck --noconfirm --noprogressbar --nosign "$@" || code=$?
  case $code in
    0) return 0 ;;
    "$SKIPPED") skip PKGBUILD ;;
    1) give_up 1 "makepkg failed (1): a source could not be fetched, a checksum is wrong, or a step failed." "The lines above say which." ;;
    4) give_up 4 "A function of the PKGBUILD failed (4)." "The lines above are its output." ;;
    8) give_up 8 "makepkg misses dependencies (8)." "They must stand in depends, makedepends or checkdepends." ;;
    12) give_up 12 "makepkg refuses the PKGBUILD (12)." ;;
    *) give_up "$(own_code "$code")" "makepkg failed ($code)." ;;
  esac
}

run_makepkg() {
  local flags=()
  if [[ -s $published && ${recipe[pkgver_function]:-0} == 1 ]]; then
    section "Finding out the version"
    makepkg_as_builder --nobuild
    leave_if_published
    flags=(--noextract)
  fi
  section "Running makepkg"
  makepkg_as_builder "${flags[@]}"
}

# What must not be in a package for others, and what namcap thinks of it.
look_at_packages() {
  local file found code=0 files=()
  shopt -s nullglob
  files=("$packages"/*.pkg.tar*)
  shopt -u nullglob
  if [[ ${BUILDER_ALLOW_PROHIBITED:-false} != true ]]; then
    for file in "${files[@]}"; do
      found=$(bsdtar -xOqf "$file" .PKGINFO 2>/dev/null | grep -E '^(group|replaces) = ' | paste -sd, || true)
      # makepkg.conf leaves them out; a makepkg that writes them in another way has to be told anew.
      [[ -z $found ]] || give_up "$UNPREPARED" "${file##*/} has what no package of this farm may have: $found" \
        "The builder image's makepkg writes .PKGINFO in a way that its makepkg.conf does not know." "BUILDER_ALLOW_PROHIBITED=true in .CI/config allows groups and replaces."
    done
  fi
  type -P namcap >/dev/null && ((${#files[@]})) || return 0
  section "Running namcap"
  as_builder timeout --kill-after=5 300 namcap -mi PKGBUILD "${files[@]}" >"$scratch/namcap" 2>&1 || code=$?
  ((code == 0)) || note "namcap failed ($code); that does not concern the packages."
  head -c 262144 -- "$scratch/namcap" >"$out/.caur-namcap.part" && mv -- "$out/.caur-namcap.part" "$out/.caur-namcap"
  note "$(grep -c . "$scratch/namcap" || true) lines, kept beside this log"
}

# Archives get their names in the out folder only when they are complete.
hand_over() {
  local file name version='' count=0
  unexpected=$UNPREPARED
  section "Built"
  shopt -s nullglob
  for file in "$packages"/*.pkg.tar*; do
    name=${file##*/}
    [[ -s $file && $name != *.sig ]] || continue
    cp -- "$file" "$out/.$name.part"
    mv -- "$out/.$name.part" "$out/$name"
    note "$name ($(stat -c %s -- "$file") bytes)"
    # name-[epoch:]pkgver-pkgrel-arch.pkg.tar.zst, and only the name may hold a dash
    if [[ ${name%.pkg.tar*} =~ -([^-]+-[^-]+)-[^-]+$ ]]; then version=${BASH_REMATCH[1]}; fi
    count=$((count + 1))
  done
  ((count)) || give_up 1 "makepkg ended well but made no package." "Does the PKGBUILD change PKGDEST or PKGEXT?"
  printf '%s\n' "$version" >"$out/.caur-version"
}
