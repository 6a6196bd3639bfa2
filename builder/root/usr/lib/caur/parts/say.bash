# shellcheck shell=bash disable=SC2034,SC2154 # a part of ../attempt, which sources them all
# How the scripts speak, and the exit codes that mean something to the agent.

readonly ALREADY_BUILT=13 UNPREPARED=120 DISK_FULL=121 OUT_OF_MEMORY=122 TIMED_OUT=124
SKIPPED=${CI_CODE_SKIP:-123}
readonly SKIPPED
export LANG=C.UTF-8

section() { printf '\e[1;34m==>\e[0;1m %s\e[0m\n' "$*"; }
note() { printf '\e[1;34m  ->\e[0m %s\n' "$*"; }
warning() { printf '\e[1;33m==> WARNING:\e[0;1m %s\e[0m\n' "$*"; }
problem() { printf '\e[1;31m==> ERROR:\e[0;1m %s\e[0m\n' "$*"; }

# Ends with a code, what is wrong, and lines that say what to do about it.
give_up() {
  local code=$1 line
  trap - ERR
  problem "$2"
  for line in "${@:3}"; do note "$line"; done
  exit "$code"
}

# A package's exit code, unless it is one that means something else to the agent: there a package has no say.
own_code() {
  case $1 in
    "$ALREADY_BUILT" | "$UNPREPARED" | "$DISK_FULL" | "$OUT_OF_MEMORY" | "$TIMED_OUT") echo 1 ;;
    *) echo "$1" ;;
  esac
}
