# shellcheck shell=bash disable=SC2034,SC2154 # a part of ../attempt, which sources them all
# Dependencies are installed as root before makepkg runs, which therefore needs no way to become root.

# What pacman says when a server is away rather than wrong.
readonly server_away='Could not resolve host|Could not connect|Failed to connect|Connection (refused|reset|timed out)|Empty reply|Recv failure|transfer closed|Operation (too slow|timed out)|returned error: (429|5[0-9][0-9])'

# Runs pacman, and runs it again while a server is away: the farm that serves its own repository may be starting anew,
# and a build must not pay for that. What it said last is in the file "said".
with_patience() {
  local code until=$((SECONDS + ${CAUR_NETWORK_PATIENCE:-90})) pause=1
  while true; do
    code=0
    # Through a pipe, or pacman paints progress into the log.
    LC_ALL=C "$@" 2>&1 | tee "$scratch/said" || code=$?
    if ((code == 0 || SECONDS >= until)) || ! grep -qE "$server_away" "$scratch/said"; then return "$code"; fi
    note "A server is away. Asking again in $pause s."
    sleep "$pause"
    if ((pause < 8)); then pause=$((pause * 2)); fi
  done
}

# Prints the values of a key of the pkgbase section and of its variant for this arch, without repetition.
srcinfo_values() {
  awk -v key="$1" -v arch="${CAUR_ARCH:-$(uname -m)}" '
    /^pkgname = / { exit }
    {
      line = $0; sub(/^[ \t]+/, "", line)
      at = index(line, " = "); name = substr(line, 1, at - 1)
      if (at && (name == key || name == key "_" arch)) { value = substr(line, at + 3); if (!seen[value]++) print value }
    }' "$scratch/srcinfo"
}

# Prints the tools of version control that the sources need and the image lacks.
source_tools() {
  local protocol
  { srcinfo_values source | sed -n 's/^\([^:]*::\)\{0,1\}\(bzr\|fossil\|hg\|svn\)[+:].*/\2/p' | sort -u; } | while read -r protocol; do
    case $protocol in
      bzr) type -P bzr >/dev/null || echo breezy ;;
      fossil) type -P fossil >/dev/null || echo fossil ;;
      hg) type -P hg >/dev/null || echo mercurial ;;
      svn) type -P svn >/dev/null || echo subversion ;;
    esac
  done
}

# Sets "missing" to those of the given dependencies that nothing installed satisfies.
find_missing() {
  local code=0
  pacman -T -- "$@" >"$scratch/missing" 2>"$scratch/said" || code=$?
  ((code == 0 || code == 127)) || give_up "$UNPREPARED" "pacman could not read its database of installed packages ($code): $(<"$scratch/said")"
  mapfile -t missing <"$scratch/missing"
}

# What is brought along for a name or an option, as by convention, if a repository has it. The PKGBUILD does not ask for it.
conventional_tools() {
  case $CAUR_PKGBASE in
    *-svn) echo subversion ;;
    *-bzr) echo breezy ;;
    *-hg) echo mercurial ;;
    lib32-*) echo multilib-devel ;;
  esac
  { srcinfo_values options; } | grep -x ccache || true
}

# On Arch a newer package must not meet older libraries, so all of it is brought up to date before something is installed.
refresh_flags() { if [[ -e /etc/arch-release ]]; then echo -Syu; else echo -Sy; fi; }

install_dependencies() {
  local wanted=() missing=() tools=() flags dependency plan code=0
  mapfile -t wanted < <(
    srcinfo_values depends
    srcinfo_values makedepends
    if [[ ${recipe[check]:-1} == 1 ]]; then srcinfo_values checkdepends; fi
    source_tools
  )
  mapfile -t tools < <(conventional_tools)
  if ((${#tools[@]})); then
    find_missing "${tools[@]}"
    tools=("${missing[@]}")
    missing=()
  fi
  ((${#wanted[@]} + ${#tools[@]})) || return 0
  if ((${#wanted[@]})); then find_missing "${wanted[@]}"; fi
  if ((${#missing[@]} + ${#tools[@]} == 0)); then
    note "All ${#wanted[@]} dependencies are installed."
    return 0
  fi
  if [[ -z $(pacman-conf --repo-list) ]]; then
    ((${#missing[@]})) || return 0
    section "Installing dependencies: ${missing[*]}"
    give_up 8 "Missing: ${missing[*]}. This build was given no repository to install from." "Name the repositories in the target repository's configuration."
  fi
  section "Installing dependencies: ${missing[*]} ${tools[*]}"
  with_patience pacman -Sy --noconfirm --noprogressbar ||
    give_up "$UNPREPARED" "The repositories could not be read." "If a signature is refused: its key must be among the keys that this build was given." "If one cannot be reached: look at its server's address and at the network of this builder."
  for dependency in "${tools[@]}"; do
    if pacman -Sp --needed --noconfirm -- "$dependency" >/dev/null 2>&1; then missing+=("$dependency"); fi
  done
  ((${#missing[@]})) || return 0
  plan=$(LC_ALL=C pacman -Sp --needed --noconfirm --print-format '%n %v' -- "${missing[@]}" 2>&1) || {
    for dependency in "${missing[@]}"; do
      LC_ALL=C pacman -Sp --needed --noconfirm --print-format '%n' -- "$dependency" >"$scratch/said" 2>&1 ||
        problem "Dependency not available: $dependency ($(sed -n 's/^error: //p; s/^:: //p' "$scratch/said" | paste -sd'; '))"
    done
    give_up 8 "Not all dependencies can be had from: $(pacman-conf --repo-list | paste -sd' ')." "$plan" \
      "Build what is missing first, or correct depends, makedepends or checkdepends."
  }
  flags=$(refresh_flags)
  with_patience pacman "${flags/y/}" --noconfirm --noprogressbar --needed --asdeps -- "${missing[@]}" || code=$?
  if ((code)); then
    if grep -qE 'conflicting (files|dependencies)|unresolvable package conflicts' "$scratch/said"; then
      give_up 8 "The dependencies conflict with each other or with what is installed." "See the lines above."
    fi
    give_up "$UNPREPARED" "The dependencies could not be downloaded, verified and installed." "If a signature is refused: the package's key must be among the keys that this build was given." "If a file is not found: the repository's database names what its server does not have."
  fi
  ((${#wanted[@]})) || return 0
  find_missing "${wanted[@]}"
  ((${#missing[@]} == 0)) || give_up 8 "Still missing after the installation: ${missing[*]}"
}
