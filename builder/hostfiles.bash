# shellcheck shell=bash
# Collects this machine's own files for an image, where no registry can be reached. Whoever sources it has LC_ALL=C and sbin in the PATH.

# Reads paths; prints them as they are called on a merged /usr, without the leading slash.
merged() { sed -E 's,^/+,,; s,^(bin|sbin|lib|lib32|lib64|libx32)/,usr/\1/,'; }

# Prints a path and every link on its way to a file.
with_links() {
  local path target
  for path in "$@"; do
    while [[ -e $path ]]; do
      path=$(realpath -s -- "$path")
      printf '%s\n' "$path"
      [[ -L $path ]] || break
      target=$(readlink -- "$path")
      [[ $target == /* ]] && path=$target || path=${path%/*}/$target
    done
  done
}

# Prints the files of packages, without documentation, translations and what only a running system needs.
package_files() {
  dpkg -L "$@" | grep -E '^/(usr|bin|sbin|lib|lib32|lib64)/' |
    grep -vE '^/usr/share/(doc|man|info|locale|lintian|bug|bash-completion|zsh|doc-base|menu|applications|icons|gdb|common-licenses|initramfs-tools)(/|$)' |
    grep -vE '/(systemd|init\.d)/|/lib(asan|lsan|tsan|ubsan|hwasan)[^/]*$|/bin/[^/]*-?(lto-dump|gnat|dwp|gprofng)[^/]*$|/gcc/[^/]+/[0-9]+/(plugin|f951|gnat1|go1|d21|adalib|adainclude|finclude|lib(caf|gfortran|objc|gnarl|gnat)[^/]*)(/|$)' || true
}

# Prints every file that FOLDER/found names, and the shared libraries of all that are programs or libraries, once, parents first.
files_and_libraries() { # folder
  local path
  merged <"$1/found" | sort -u | while IFS= read -r path; do
    if [[ -L /$path || -f /$path ]]; then printf '/%s\n' "$path"; fi
  done >"$1/files"
  grep -E '/s?bin/|\.so|/lib/(gcc|git-core|gnupg)/' "$1/files" | grep -vE '\.(h|a|o|sh)$|/(python|perl)[^/]*/' |
    tr '\n' '\0' | { xargs -0 -r -n 32 -P "$(nproc)" ldd 2>/dev/null || true; } |
    grep -oE '/[^ ]+ \(0x' | sed 's/ (0x$//' | sort -u | while IFS= read -r path; do with_links "$path"; done >"$1/libraries"
  cat "$1/files" "$1/libraries" | merged | awk '
    $0 == "" { next }
    { print; while (sub(/\/[^\/]*$/, "")) if ($0 != "" && !seen[$0]++) print }' | sort -u
}

# Makes the links of a merged /usr in a root, as this machine has them.
link_merged() { # root
  local link
  for link in bin sbin lib lib64 lib32; do
    [[ -L /$link ]] || continue
    ln -s "usr/$link" "$1/$link"
    mkdir -p -- "$1/usr/$link"
  done
}

# Writes the root and what FOLDER/list names as a tar archive.
write_files() { # root, folder
  # What the root has must not come twice, and hard links would be links to themselves after merging the names: no engine imports either.
  (cd "$1" && find . -mindepth 1 -printf '%P\n') >"$2/skeleton"
  grep -vxFf "$2/skeleton" "$2/list" >"$2/rest"
  tar --hard-dereference --owner=0 --group=0 --numeric-owner -cf - -C "$1" . --no-recursion -C / -T "$2/rest"
}
