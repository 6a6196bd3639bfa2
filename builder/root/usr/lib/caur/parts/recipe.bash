# shellcheck shell=bash disable=SC2034,SC2154 # a part of ../attempt, which sources them all
# What the PKGBUILD says, as it is after interference.

declare -A recipe=() # pkgbase, pkgver_function (0/1), check (0/1)

read_recipe() {
  local code=0 name value
  section "Reading PKGBUILD"
  # The files are opened here, because the builder may not write to this folder.
  as_builder "$here/probe" 3>"$scratch/srcinfo" 4>"$scratch/recipe" >"$scratch/said" 2>&1 || code=$?
  if ((code == SKIPPED)); then
    cat -- "$scratch/said"
    skip PKGBUILD
  fi
  while IFS='=' read -r name value; do
    if [[ $name =~ ^[a-z_]+$ ]]; then recipe[$name]=$value; fi
  done <"$scratch/recipe"

  if ! grep -q '^pkgname = ' "$scratch/srcinfo"; then
    # Not even that much: makepkg itself says why, or knows better.
    cat -- "$scratch/said"
    code=0
    as_builder makepkg --printsrcinfo >"$scratch/srcinfo" || code=$?
    ((code == 0)) || give_up "$(own_code "$code")" "makepkg does not accept this PKGBUILD ($code)." \
      "The lines above say why; 'makepkg --printsrcinfo' in the folder shows the same."
  fi
  if [[ ${BUILDER_ALLOW_PROHIBITED:-false} != true ]]; then
    name=$(sed -nE 's/^\s*(groups|replaces) = (.*)/\1 \2/p' "$scratch/srcinfo" | sort -u | paste -sd, | sed 's/,/, /g')
    if [[ -n $name ]]; then note "Left out of the packages: $name (BUILDER_ALLOW_PROHIBITED=true in .CI/config keeps them)"; fi
  fi
  name=$(sed -n 's/^pkgbase = //p' "$scratch/srcinfo")
  recipe[pkgbase]=$name
  if [[ $name != "$CAUR_PKGBASE" ]]; then
    warning "The folder is called $CAUR_PKGBASE, but its PKGBUILD builds $name. Name both alike, or the farm looks for the wrong packages."
  fi
}
