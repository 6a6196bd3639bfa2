# shellcheck shell=bash disable=SC2034,SC2154 # a part of ../../caur, which sources them all
# What this process and this machine have.

# A fresh machine, a cron job or a container may have no HOME, no locale, and a PATH without sbin.
prepare_process_environment() {
  export PATH=${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
  if [[ -z ${HOME:-} ]]; then
    HOME=$(getent passwd "$(id -u)" 2>/dev/null | cut -d: -f6) || HOME=
    if [[ -z $HOME || ! -w $HOME ]]; then HOME=${TMPDIR:-/tmp}/caur-home-$(id -u); fi
    mkdir -p -- "$HOME"
    [[ -O $HOME ]] || HOME=$(mktemp -d)
    export HOME
  fi
  if [[ -z ${LC_ALL:-}${LC_CTYPE:-}${LANG:-} || ${LC_ALL:-${LC_CTYPE:-${LANG:-}}} =~ ^(C|POSIX)$ ]]; then export LC_ALL=C.UTF-8; fi
  export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
}

# Commands that something here needs: command and Debian package.
readonly needed_commands=(
  'bash bash' 'ldd libc-bin' 'find findutils' 'xargs findutils' 'grep grep' 'sed sed' 'awk mawk' 'tar tar' 'gzip gzip'
  'diff diffutils' 'patch patch' 'file file' 'ps procps' 'setpriv util-linux' 'hostname hostname' 'xz xz-utils'
  'bzip2 bzip2' 'zstd zstd' 'curl curl' 'git git' 'gpg gpg' 'gpg-agent gpg-agent' 'gpgconf gpgconf' 'gpgv gpgv'
  'bsdtar libarchive-tools' 'pacman pacman-package-manager' 'makepkg makepkg' 'fakeroot fakeroot' 'gcc gcc' 'make make'
  'gettext gettext-base' 'openssl openssl' 'shfmt shfmt' 'strace strace' 'mount mount'
)
# Files: a path, in which @ stands for the folder of this machine's libraries, and its package.
readonly needed_files=(
  '/etc/ssl/certs/ca-certificates.crt ca-certificates' '/usr/include/stdio.h libc6-dev'
  '@/libsqlite3.so.0 libsqlite3-0' '@/libzstd.so.1 libzstd1' '@/liblzma.so.5 liblzma5'
)

# Prints the packages that are missing, given rows of either kind.
missing_packages() {
  local row name package libraries=(/usr/lib/*-linux-gnu*)
  for row in "${needed_commands[@]}"; do
    read -r name package <<<"$row"
    type -P -- "$name" >/dev/null || printf '%s\n' "$package"
  done
  for row in "${needed_files[@]}"; do
    read -r name package <<<"$row"
    compgen -G "${name/@/${libraries[0]}}" >/dev/null || compgen -G "${name/@//usr/lib}" >/dev/null ||
      compgen -G "${name/@//usr/lib64}" >/dev/null || printf '%s\n' "$package"
  done
}

# The .NET SDK that global.json asks for, wherever it was installed.
require_dotnet() {
  local place version
  for place in '' "${DOTNET_ROOT:-}" "$HOME/.dotnet" /usr/share/dotnet /usr/lib/dotnet /usr/local/share/dotnet /opt/dotnet; do
    if [[ -n $place ]]; then
      [[ -x $place/dotnet ]] || continue
      PATH=$place:$PATH
      export DOTNET_ROOT=$place
    fi
    type -P dotnet >/dev/null || continue
    version=$(cd -- "$root" && dotnet --version 2>/dev/null) || {
      # Without ICU the SDK itself starts only like this; the project uses no cultures.
      export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
      version=$(cd -- "$root" && dotnet --version 2>/dev/null) || version=
    }
    if [[ $version == 10.* ]]; then return 0; fi
  done
  if type -P dotnet >/dev/null; then
    note "dotnet says: $(cd -- "$root" && dotnet --version 2>&1 | head -n 3)"
  fi
  die "The .NET 10 SDK is needed, and was not found." "https://dotnet.microsoft.com/download/dotnet/10.0 has it; put 'dotnet' into the PATH or set DOTNET_ROOT."
}
