# shellcheck shell=bash disable=SC2034,SC2154 # a part of ../../caur, which sources them all
# Every script of the project goes through shellcheck.

# Prints every bash file, each followed by a zero byte.
scripts() {
  local file
  while IFS= read -r -d '' file; do
    case $file in
      *.bash | *.sh) printf '%s\0' "$file" ;;
      *) shebang "$file" ;;
    esac
  done < <(cd -- "$root" && find . \( -name .git -o -path ./artifacts -o -path ./data -o -name node_modules \) -prune -o -type f -size -200k -printf '%P\0')
}

# Prints the file if its first line says that bash runs it.
shebang() {
  local first
  IFS= read -r first <"$root/$1" 2>/dev/null || true
  if [[ $first =~ ^#!.*[/\ ](bash|sh)$ ]]; then printf '%s\0' "$1"; fi
}

lint() {
  local files=()
  mapfile -d '' -t files < <(scripts)
  (cd -- "$root" && shellcheck -x -- "${files[@]}") || return 1
  note "shellcheck: ${#files[@]} scripts"
}

lint_here() {
  type -P shellcheck >/dev/null || die "shellcheck is not installed." "apt-get install shellcheck"
  lint || exit 1
}
