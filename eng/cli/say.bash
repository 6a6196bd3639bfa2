# shellcheck shell=bash disable=SC2034,SC2154 # a part of ../../caur, which sources them all
# How ./caur speaks: progress goes to stderr, results to stdout.

if [[ -t 2 && ${NO_COLOR:-} == '' ]]; then
  bold=$'\e[1m' red=$'\e[1;31m' plain=$'\e[0m'
else
  bold='' red='' plain=''
fi

say() { printf '%s==>%s %s\n' "$bold" "$plain" "$*" >&2; }
note() { printf '    %s\n' "$*" >&2; }

# Ends with what is wrong and lines that say what to do about it.
die() {
  local line
  printf '%s==> ERROR:%s %s\n' "$red" "$plain" "$1" >&2
  for line in "${@:2}"; do note "$line"; done
  exit 1
}

# Runs a command with its output in a log; shows the log's end if it fails. Returns the command's code.
quietly() { # log, command...
  local log=$1 code=0
  mkdir -p -- "${log%/*}"
  "${@:2}" >"$log" 2>&1 </dev/null || code=$?
  if ((code)); then
    tail -n 40 -- "$log" >&2
    note "The whole log: $log"
  fi
  return "$code"
}
