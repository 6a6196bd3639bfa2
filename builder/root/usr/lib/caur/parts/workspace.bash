# shellcheck shell=bash disable=SC2034,SC2154 # a part of ../attempt, which sources them all
# Where things are, who builds, and the checks that cost nothing.

readonly order=/caur/order sources=/caur/src out=/caur/out cache=/caur/cache
startdir=/build/${CAUR_PKGBASE:-}
packages=/build/.packages
scratch=/build/.caur
readonly startdir packages scratch

describe_image() {
  local system=unknown
  # shellcheck disable=SC1091
  [[ -r /etc/os-release ]] && system=$(source /etc/os-release && printf '%s' "${PRETTY_NAME:-$NAME}")
  note "Image: $system, $(pacman --version | sed -n 's/.*\(Pacman v[^ ]*\).*/\1/p'), $(nproc) processors${CAUR_BUILD_ID:+, build $CAUR_BUILD_ID}"
}

check_machine() {
  local machine
  mkdir -p -- "$scratch"
  machine=$(uname -m)
  case ${CAUR_ARCH:-$machine}:$machine in
    x86_64:aarch64 | aarch64:x86_64 | riscv64:x86_64 | riscv64:aarch64 | x86_64:riscv64 | aarch64:riscv64)
      give_up "$UNPREPARED" "This image runs on $machine, but the build is for $CAUR_ARCH." "Send $CAUR_ARCH builds to a builder of that arch."
      ;;
  esac
  [[ -d $sources ]] || give_up "$UNPREPARED" "There is no package folder at $sources." "The agent must mount it."
  [[ -d $out && -w $out ]] || give_up "$UNPREPARED" "$out is no folder that can be written to." "The agent must mount it writable."
}

# The folder is mounted read-only, and makepkg writes into it: a copy that belongs to the builder.
copy_package_folder() {
  mkdir -p -- "$startdir" "$packages"
  cp -R --preserve=mode,timestamps,links -- "$sources/." "$startdir"
  chown -R -h builder:builder -- "$startdir" "$packages"
  if [[ -d $cache ]]; then chown builder:builder -- "$cache"; fi
  [[ -s $startdir/PKGBUILD ]] || give_up 12 "The folder $CAUR_PKGBASE has no PKGBUILD." "Commit one, or remove the folder from the source repository."
}

# Runs a command as the builder in the package folder: no capabilities, no way to get any, and an environment
# that holds nothing by accident: what the order says, then what .CI/prepare exported.
as_builder() {
  local variables=(LANG=C.UTF-8 TERM="${TERM:-dumb}"
    PATH=/usr/local/sbin:/usr/local/bin:/usr/bin:/usr/sbin:/usr/bin/site_perl:/usr/bin/vendor_perl:/usr/bin/core_perl) name
  for name in MAKEFLAGS PACKAGER SOURCE_DATE_EPOCH BUILDER_HOSTNAME PACKAGE_REPO_ID PACKAGE_REPO_URL \
    CAUR_BUILD_ID CAUR_PKGBASE CAUR_TARGET_REPO CAUR_ARCH BUILDER_ALLOW_PROHIBITED \
    http_proxy https_proxy ftp_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY; do
    if [[ -n ${!name:-} ]]; then variables+=("$name=${!name}"); fi
  done
  variables+=("${prepared[@]}" HOME=/home/builder USER=builder LOGNAME=builder SHELL=/bin/bash
    MAKEPKG_CONF="$here/makepkg.conf" PKGDEST="$packages" CI_CODE_SKIP="$SKIPPED")
  if [[ -n ${CAUR_ARCH:-} ]]; then variables+=("CARCH=$CAUR_ARCH"); fi
  if [[ -d $cache ]]; then variables+=("SRCDEST=$cache"); fi
  (
    cd -- "$startdir" || exit "$UNPREPARED"
    exec setpriv --reuid=builder --regid=builder --clear-groups --inh-caps=-all --no-new-privs -- env -i "${variables[@]}" "$@"
  )
}
