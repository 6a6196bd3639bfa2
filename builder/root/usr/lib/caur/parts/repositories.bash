# shellcheck shell=bash disable=SC2034,SC2154 # a part of ../attempt, which sources them all
# Where pacman finds dependencies besides what the base has configured.

add_repositories() {
  local text=$order/repositories.conf name
  [[ -s $text ]] || return 0
  printf '\n' >>/etc/pacman.conf
  cat -- "$text" >>/etc/pacman.conf
  pacman-conf >/dev/null || give_up "$UNPREPARED" "pacman does not understand the repositories it was given:" "$(<"$text")"
  section "Repositories"
  while read -r name; do
    note "$name: $(pacman-conf --repo="$name" Server 2>/dev/null | paste -sd' ')"
  done < <(pacman-conf --repo-list)
}
