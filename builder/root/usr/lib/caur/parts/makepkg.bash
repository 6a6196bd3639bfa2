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
