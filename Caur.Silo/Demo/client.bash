#!/usr/bin/env bash
# What a user of the repository does, in a container that has nothing of the farm but its public key: trust the
# key, add the repository to pacman.conf, install every package of it and run their programs. With UPGRADE it then waits
# until the repository has version UPGRADE_TO of that package, and upgrades.
# Environment: REPOSITORY, SERVER, PUBLIC_KEY, STRICT (1: every program must end well, and there must be one), UPGRADE, UPGRADE_TO.
set -euo pipefail
exec </dev/null 2>&1
export LC_ALL=C.UTF-8

keyring=$(pacman-conf GPGDir)
said=$(mktemp)
# gpg has remarks about agents that it does not need; they matter only when it fails.
ring() {
  gpg --homedir "$keyring" --batch --quiet --no-permission-warning --no-autostart "$@" 2>"$said" || {
    cat "$said"
    return 1
  }
}
key=$(mktemp)
printf '%s\n' "$PUBLIC_KEY" >"$key"
ring --import -- "$key"
ring --with-colons --show-keys -- "$key" |
  awk -F: '/^pub/ { primary = 1 } /^fpr/ && primary { print $10 ":6:"; primary = 0 }' | ring --import-ownertrust
chmod 644 "$keyring/pubring.gpg" "$keyring/trustdb.gpg"

printf '\n[%s]\nSigLevel = Required DatabaseRequired\nServer = %s\n' "$REPOSITORY" "$SERVER" >>/etc/pacman.conf
tail -n 3 /etc/pacman.conf

printf '$ pacman -Sy\n'
pacman -Sy --noconfirm --noprogressbar --color never
mapfile -t packages < <(pacman -Slq "$REPOSITORY")
((${#packages[@]})) || {
  echo "The repository is empty."
  exit 1
}
printf '$ pacman -S %s\n' "${packages[*]}"
pacman -S --noconfirm --noprogressbar --color never "${packages[@]/#/$REPOSITORY/}"

ran=0 failed=0
while read -r _ file; do
  [[ $file == /usr/bin/?* && -f $file && -x $file ]] || continue
  code=0
  output=$(timeout 10 "$file" 2>&1 | tr -d '\000' | head -c 2000) || code=$?
  printf '$ %s\n%s\n' "${file##*/}" "$output"
  ran=$((ran + 1))
  if ((code)); then
    printf '(exit code %d)\n' "$code"
    failed=$((failed + 1))
  fi
done < <(pacman -Ql "${packages[@]}")
printf '%d packages installed, %d programs run, %d of them failed\n' "${#packages[@]}" "$ran" "$failed"
if [[ ${STRICT:-0} == 1 ]]; then
  ((ran > 0 && failed == 0)) || exit 1
fi
[[ -n ${UPGRADE:-} ]] || exit 0

# Of this repository alone: what is newer elsewhere is nothing of the farm's.
only=$(mktemp)
printf '[options]\nArchitecture = auto\n[%s]\nSigLevel = Required DatabaseRequired\nServer = %s\n' "$REPOSITORY" "$SERVER" >"$only"
printf 'Waiting for %s %s; installed is %s\n' "$UPGRADE" "$UPGRADE_TO" "$(pacman -Q "$UPGRADE")"
there=''
for ((i = 0; i < 120; i++)); do
  pacman --config "$only" -Sy --noconfirm --noprogressbar --color never >"$said" 2>&1 || cat "$said"
  there=$(pacman --config "$only" -Sl "$REPOSITORY" | awk -v name="$UPGRADE" '$2 == name { print $3 }')
  [[ $there != "$UPGRADE_TO" ]] || break
  sleep 1
done
printf '$ pacman -Syu\n'
pacman --config "$only" -Syu --noconfirm --noprogressbar --color never
pacman -Q "$UPGRADE"
printf '$ hello-libfoo\n'
hello-libfoo
[[ $(pacman -Q "$UPGRADE") == "$UPGRADE $UPGRADE_TO" ]]
