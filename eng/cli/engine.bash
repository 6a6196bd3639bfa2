# shellcheck shell=bash disable=SC2034,SC2154 # a part of ../../caur, which sources them all
# The container engine: docker's or podman's socket, and the command that speaks to it.

readonly engine_log=${CAUR_ENGINE_LOG:-/var/log/caur-dockerd.log}

answers() { # socket path or tcp address
  case $1 in
    unix://*) [[ -S ${1#unix://} ]] && curl -sf -m 5 --unix-socket "${1#unix://}" -o /dev/null http://engine/_ping ;;
    tcp://*) curl -sf -m 5 -o /dev/null "http://${1#tcp://}/_ping" ;;
    *) return 1 ;;
  esac
}

# Sets DOCKER_HOST to the engine that answers, and CAUR_ENGINE to the command for it. Fails if none answers.
find_engine() {
  local address candidates=()
  if [[ -n ${DOCKER_HOST:-}${CONTAINER_HOST:-} ]]; then
    candidates=("${DOCKER_HOST:-$CONTAINER_HOST}")
  else
    candidates=(unix:///var/run/docker.sock unix:///run/podman/podman.sock
      "unix://${XDG_RUNTIME_DIR:-/run/user/$(id -u)}/docker.sock" "unix://${XDG_RUNTIME_DIR:-/run/user/$(id -u)}/podman/podman.sock")
  fi
  for address in "${candidates[@]}"; do
    answers "$address" || continue
    export DOCKER_HOST=$address CONTAINER_HOST=$address
    CAUR_ENGINE=docker
    if [[ $address == *podman* ]] && type -P podman >/dev/null; then CAUR_ENGINE=podman; fi
    type -P "$CAUR_ENGINE" >/dev/null || continue
    export CAUR_ENGINE
    return 0
  done
  return 1
}

engine() {
  if [[ $CAUR_ENGINE == podman ]]; then podman --remote "$@"; else DOCKER_BUILDKIT=0 docker "$@"; fi
}

# Starts dockerd where no service manager does, and waits until it answers.
start_engine() {
  local flags
  if [[ -d /run/systemd/system ]]; then
    systemctl start docker >/dev/null 2>&1 || true
    await_engine 30 && return 0
    die "The docker service does not answer." "journalctl -u docker says why."
  fi
  mount_cgroups
  # A sandbox may forbid to change the packet filter, or lie on a file system that cannot be stacked.
  local quiet='--iptables=false --ip6tables=false'
  for flags in '' "$quiet" "$quiet --bridge=none" "$quiet --storage-driver=vfs" "$quiet --bridge=none --storage-driver=vfs"; do
    say "Starting dockerd${flags:+ $flags}"
    rm -f /var/run/docker.pid
    # shellcheck disable=SC2086 # the flags are words
    setsid nohup dockerd $flags >"$engine_log" 2>&1 </dev/null &
    await_engine 40 "$!" && {
      note "It goes on running: process $!, log $engine_log"
      [[ $flags != *bridge=none* ]] || note "This machine allows no network bridge, so containers have no network."
      return 0
    }
    if kill "$!" 2>/dev/null; then wait "$!" || true; fi
  done
  tail -n 20 -- "$engine_log" >&2
  die "dockerd does not start here; the end of its log is above ($engine_log)." \
    "In a container it needs --privileged. Or set DOCKER_HOST to an engine that runs elsewhere on this machine."
}

await_engine() { # seconds, process that must live meanwhile
  local end=$((SECONDS + $1))
  while ((SECONDS < end)); do
    find_engine && return 0
    [[ -z ${2:-} ]] || kill -0 "$2" 2>/dev/null || return 1
    sleep 0.2
  done
  return 1
}

# What a service manager would have done at boot; without it dockerd says "Devices cgroup isn't mounted".
mount_cgroups() {
  local name
  grep -qE ' (cgroup|cgroup2) ' /proc/mounts && return 0
  say "Mounting the control groups"
  if mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup 2>/dev/null; then
    for name in cpuset cpu cpuacct blkio memory devices freezer pids; do
      mkdir -p "/sys/fs/cgroup/$name"
      mount -t cgroup -o "$name" cgroup "/sys/fs/cgroup/$name" 2>/dev/null || rmdir "/sys/fs/cgroup/$name"
    done
    [[ ! -d /sys/fs/cgroup/memory ]] || return 0
    umount /sys/fs/cgroup
  fi
  mount -t cgroup2 cgroup2 /sys/fs/cgroup 2>/dev/null || note "This was refused; dockerd may not start."
}
