# shellcheck shell=bash disable=SC2034,SC2154 # a part of ../attempt, which sources them all
# Whether the target repository has everything that this build would make.

readonly published=$order/published

# Reads paths or names of archives; prints them without folder and compression, and without the debug package
# that makepkg adds to its list (one that the PKGBUILD itself names is like any other).
archive_names() {
  local debug=${recipe[pkgbase]}-debug
  if grep -qxF -- "pkgname = $debug" "$scratch/srcinfo"; then debug=; fi
  sed -E 's,.*/,,; s/\.pkg\.tar.*$//' | awk -v debug="$debug-" 'debug == "-" || index($0, debug) != 1' | sort -u
}

leave_if_published() {
  local code=0 left
  as_builder makepkg --packagelist >"$scratch/packagelist" || code=$?
  ((code == 0)) || give_up "$(own_code "$code")" "makepkg cannot say which packages this would be ($code)."
  archive_names <"$scratch/packagelist" >"$scratch/would-be"
  left=$(archive_names <"$published" | comm -23 "$scratch/would-be" -)
  [[ -z $left ]] || return 0
  section "Already built: the target repository has"
  while read -r name; do note "$name"; done <"$scratch/would-be"
  exit "$ALREADY_BUILT"
}

# A version that stands in the PKGBUILD is known before anything is fetched. One that pkgver() finds out is
# compared later, by run_makepkg.
leave_if_published_as_is() {
  if [[ -s $published && ${recipe[pkgver_function]:-0} == 0 ]]; then leave_if_published; fi
}
