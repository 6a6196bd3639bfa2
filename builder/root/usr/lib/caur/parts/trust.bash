# shellcheck shell=bash disable=SC2034,SC2154 # a part of ../attempt, which sources them all
# Whose signatures pacman accepts: the keys the farm sent, fully trusted, beside what the base trusts.

ring() { gpg --homedir "$keyring" --batch --quiet --no-permission-warning --no-autostart "$@"; }

trust_keys() {
  local keys=() keyring fingerprints key
  shopt -s nullglob
  keys=("$order"/keys/*.asc)
  shopt -u nullglob
  ((${#keys[@]})) || return 0
  section "Trusting ${#keys[@]} signing key(s)"
  keyring=$(pacman-conf GPGDir)
  for key in "${keys[@]}"; do
    fingerprints=$(ring --with-colons --show-keys -- "$key" 2>/dev/null | awk -F: '/^pub/ { primary = 1 } /^fpr/ && primary { print $10; primary = 0 }') || fingerprints=
    [[ -n $fingerprints ]] || give_up "$UNPREPARED" "${key##*/} holds no public key." "Give the farm's target repository a key exported with 'gpg --armor --export'."
    ring --import -- "$key" 2>"$keyring/.said" || give_up "$UNPREPARED" "${key##*/} could not be imported: $(<"$keyring/.said")"
    awk '{ print $0 ":6:" }' <<<"$fingerprints" | ring --import-ownertrust 2>"$keyring/.said" ||
      give_up "$UNPREPARED" "${key##*/} could not be trusted: $(<"$keyring/.said")"
    while read -r key; do note "$key"; done <<<"$fingerprints"
  done
  # makepkg asks pacman as the unprivileged user, who must be able to read this.
  chmod 644 "$keyring/pubring.gpg" "$keyring/trustdb.gpg"
  rm -f -- "$keyring/.said"
}
