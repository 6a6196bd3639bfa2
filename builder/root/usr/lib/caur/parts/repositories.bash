# shellcheck shell=bash disable=SC2034,SC2154 # a part of ../attempt, which sources them all
# Where pacman finds dependencies besides what the base has configured.

add_repositories() {
  local text=$order/repositories.conf name complaint
  [[ -s $text ]] || return 0
  # pacman only warns of what it does not understand, and then builds without the repository that was meant. "$arch" in a
  # server's address is what pacman.conf says.
  { printf '[options]\nArchitecture = %s\n' "$(pacman-conf Architecture | head -n 1)" && cat -- "$text"; } >"$scratch/repositories.conf"
  complaint=$(pacman-conf --config "$scratch/repositories.conf" 2>&1 >/dev/null) || complaint=${complaint:-unreadable}
  [[ -z $complaint ]] || give_up "$UNPREPARED" "pacman does not understand the repositories it was given: $complaint" "$(<"$text")"
  printf '\n' >>/etc/pacman.conf
  cat -- "$text" >>/etc/pacman.conf
  section "Repositories"
  while read -r name; do
    note "$name: $(pacman-conf --repo="$name" Server 2>/dev/null | paste -sd' ')"
  done < <(pacman-conf --repo-list)
}
