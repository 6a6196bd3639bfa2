# shellcheck shell=bash disable=SC2034,SC2154 # a part of ../attempt, which sources them all
# Whose signatures pacman accepts: the keys the farm sent and those of the keyring packages it names, fully trusted, beside
# what the base trusts.

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

# Installs keyring packages (extra_keyrings of a target repository) and trusts what they say. They are what makes signatures of
# other repositories mean something, so whoever serves them is believed: their addresses must be https, or a file of the image.
install_keyrings() {
  local list=$order/keyrings url file said name count=0
  [[ -s $list ]] || return 0
  section "Keyrings"
  keyring=$(pacman-conf GPGDir)
  while read -r url; do
    [[ -n $url ]] || continue
    count=$((count + 1)) file=$scratch/keyring-$count.pkg.tar said=
    note "$url"
    with_patience curl -fsSL --connect-timeout 20 --max-time 300 -o "$file" -- "$url" ||
      give_up "$UNPREPARED" "The keyring $url could not be fetched." "It is named in extra_keyrings of the target repository."
    name=$(LC_ALL=C pacman -Qqp -- "$file" 2>"$scratch/said") ||
      give_up "$UNPREPARED" "What $url serves is no package: $(<"$scratch/said")" "extra_keyrings names packages that bring a key ring, as archlinux-keyring does."
    said=$(LC_ALL=C pacman -U --noconfirm --noprogressbar --noscriptlet -- "$file" 2>&1) ||
      give_up "$UNPREPARED" "The keyring $name could not be installed." "$said"
    rm -f -- "$file"
    populate "$name"
  done <"$list"
  chmod 644 "$keyring/pubring.gpg" "$keyring/trustdb.gpg"
}

# What "pacman-key --populate" does with the files of a keyring package, without a key of the container's own: NAME.gpg holds the
# keys, NAME-trusted those that vouch for others ("fingerprint:level:"), NAME-revoked those that must not be believed any more.
populate() { # package
  local keys fingerprint found=0
  while read -r keys; do
    found=1
    ring --import -- "$keys" 2>"$scratch/said" || give_up "$UNPREPARED" "${keys##*/} of $1 could not be imported: $(<"$scratch/said")"
    if [[ -s ${keys%.gpg}-trusted ]]; then
      # As the farm's own keys: there is no other key here that could sign these.
      sed -nE 's/^([0-9A-Fa-f]{40,64}):.*/\1:6:/p' "${keys%.gpg}-trusted" | ring --import-ownertrust 2>"$scratch/said" ||
        give_up "$UNPREPARED" "The keys of $1 could not be trusted: $(<"$scratch/said")"
    fi
    if [[ -s ${keys%.gpg}-revoked ]]; then
      while read -r fingerprint; do
        [[ $fingerprint =~ ^[0-9A-Fa-f]{40,64}$ ]] || continue
        ring --command-fd 0 --edit-key "$fingerprint" <<<$'disable\nquit' >/dev/null 2>&1 || true
      done <"${keys%.gpg}-revoked"
    fi
  done < <(LC_ALL=C pacman -Qlq -- "$1" 2>/dev/null | sed -nE '\,^/usr/share/pacman/keyrings/[^/]+\.gpg$,p')
  ((found)) || give_up "$UNPREPARED" "$1 brings no key ring." "A keyring package has its keys in /usr/share/pacman/keyrings/NAME.gpg."
}
