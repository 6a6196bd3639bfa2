# shellcheck shell=bash disable=SC2034,SC2154 # a part of ../../caur, which sources them all
# Installs what is missing from the distribution, and sees to a container engine.

# setup [package...]: also these packages. With CAUR_SETUP=never it only says what is missing.
setup() {
  local missing=() extra
  mapfile -t missing < <(missing_packages)
  for extra in "$@"; do
    type -P -- "$extra" >/dev/null || [[ -n ${lone_programs[$extra]:-} ]] || missing+=("$extra")
  done
  if ! type -P curl >/dev/null || ! find_engine; then
    [[ -z ${DOCKER_HOST:-}${CONTAINER_HOST:-} ]] || ! type -P curl >/dev/null ||
      die "No container engine answers at ${DOCKER_HOST:-$CONTAINER_HOST}." "Start it, or unset DOCKER_HOST and CONTAINER_HOST."
    type -P dockerd >/dev/null || missing+=(docker.io iptables)
  fi
  ((${#missing[@]} == 0)) || install_packages "${missing[@]}"
  install_alone "$@"
  # Newer Debians keep docker's command in a package of its own.
  type -P docker >/dev/null || type -P podman >/dev/null || install_packages docker-cli
  find_engine || {
    [[ $EUID == 0 && ${CAUR_SETUP:-} != never ]] || die "No container engine answers." "Run '${root}/caur setup' as root, or start docker or podman's socket, or join its group."
    start_engine
  }
}

install_packages() {
  local packages=() since
  mapfile -t packages < <(printf '%s\n' "$@" | sort -u)
  if ! type -P apt-get >/dev/null; then
    die "Missing: ${packages[*]} (these are Debian's names)." "Install them with this system's package manager and run this again."
  fi
  [[ ${CAUR_SETUP:-} != never ]] || die "Missing, and CAUR_SETUP=never forbids to install it: ${packages[*]}"
  ((EUID == 0)) || die "Missing: ${packages[*]}" "As root: apt-get update && apt-get install --no-install-recommends ${packages[*]}" "or: sudo $root/caur setup"
  say "Installing ${#packages[@]} packages: ${packages[*]}"
  since=$EPOCHREALTIME
  if ! apt_get install --download-only "${packages[@]}"; then
    apt_get update || apt_failed "The package lists cannot be refreshed."
    apt_get install --download-only "${packages[@]}" || apt_failed "The packages cannot be downloaded."
  fi
  awk -v from="$since" -v to="$EPOCHREALTIME" 'BEGIN { printf "Package downloads: %.1f s\n", to - from }'
  apt_get install "${packages[@]}" || apt_failed "The packages cannot be installed."
  hash -r
}

# Programs whose packages would start a server here, with those packages and where in them the program is. Only that is taken.
# And kubectl, whose package and the one that others give out exclude each other.
declare -rA lone_programs=(
  [promtool]='prometheus usr/bin/promtool'
  [prometheus]='prometheus usr/bin/prometheus'
  [nginx]='nginx usr/sbin/nginx'
  [kubectl]='kubernetes-client usr/bin/kubectl'
)

# install_alone [program...]: those of them that are such and missing; a package is loaded once.
install_alone() {
  local folder='' program package path
  for program in "$@"; do
    if [[ -z ${lone_programs[$program]:-} ]] || type -P -- "$program" >/dev/null; then continue; fi
    read -r package path <<<"${lone_programs[$program]}"
    [[ ${CAUR_SETUP:-} != never ]] || die "$program is missing, and CAUR_SETUP=never forbids to install it."
    type -P apt-get >/dev/null || die "$program is missing." "It comes with $package; put it into the PATH."
    ((EUID == 0)) || die "$program is missing." "It comes with $package: put it into the PATH, or run: sudo $root/caur setup"
    say "Installing $program"
    if [[ -z $folder ]]; then
      folder=$(mktemp -d)
      # apt loads as a user of its own.
      chmod 755 -- "$folder"
    fi
    if ! compgen -G "$folder/${package}_*.deb" >/dev/null; then
      (cd -- "$folder" && { apt_get download "$package" || { apt_get update && apt_get download "$package"; }; }) ||
        apt_failed "The package $package cannot be downloaded."
    fi
    dpkg-deb --fsys-tarfile "$folder/${package}"_*.deb | tar -xO "./$path" >"$folder/$program"
    install -m 755 -- "$folder/$program" "/usr/local/bin/$program"
  done
  [[ -z $folder ]] || rm -r -- "$folder"
  hash -r
}

readonly apt_log=${TMPDIR:-/tmp}/caur-apt-$$.log

apt_failed() {
  tail -n 20 -- "$apt_log" >&2
  die "$1" "The lines above are apt's (all of them: $apt_log). Try 'apt-get update', or install by hand."
}

apt_get() {
  local code=0 environment=(DEBIAN_FRONTEND=noninteractive LC_ALL=C)
  local options=(-y -q --no-install-recommends -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120)
  if [[ ! -d /run/systemd/system ]]; then
    # No service manager, so this is a container or a sandbox: the packages' own attempts to start services would
    # only fail (ours comes later), and syncing every file to the disk takes longer than all the rest.
    environment+=(RUNLEVEL=1)
    options+=(-o Dpkg::Options::=--force-unsafe-io)
  fi
  env "${environment[@]}" apt-get "${options[@]}" "$@" >"$apt_log" 2>&1 </dev/null || code=$?
  if ((code == 0)); then rm -f -- "$apt_log"; fi
  return "$code"
}

# The programs that benchmarks are measured beside. Where they cannot be had, the others are measured all the same.
install_peers() {
  local row missing=()
  for row in 'repo-add pacman-package-manager' 'gpg gpg' 'git git' 'strace strace' 'redis-server redis-server' 'node nodejs' 'npm npm' 'sshd openssh-server' 'sftp openssh-client'; do
    type -P -- "${row% *}" >/dev/null || missing+=("${row#* }")
  done
  ((${#missing[@]} == 0)) || (install_packages "${missing[@]}" >&2) || note "Some of this is measured without them."
}
