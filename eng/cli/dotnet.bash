# shellcheck shell=bash disable=SC2034,SC2154 # a part of ../../caur, which sources them all
# Compiling and running. One configuration for every verb, so that nothing is compiled twice.

readonly artifacts=$root/artifacts/${CaurEngine:-embedded}

# Builds a project or the solution unless nothing has changed since it was built. One at a time: somebody may start a hub and order at once.
build() {
  local stamp=$artifacts/.built-$1 log=$root/artifacts/logs/build-$1.log since=$SECONDS lock
  if is_built "$stamp"; then return 0; fi
  mkdir -p -- "$artifacts"
  exec {lock}>"$artifacts/.lock"
  flock -n "$lock" || {
    say "Waiting for another compilation"
    flock "$lock"
  }
  if ! is_built "$stamp"; then
    say "Compiling ${1%.sln}"
    touch -- "$stamp.new"
    (cd -- "$root" && quietly "$log" compile "$1" {lock}>&-) || die "It does not compile."
    # The time of the start: what was saved while it compiled is newer.
    mv -- "$stamp.new" "$stamp"
    note "$((SECONDS - since)) s"
  fi
  # What is run next must not hold it.
  exec {lock}>&-
}

is_built() { # stamp
  [[ -e $1 && -d $artifacts/bin ]] && ! sources_newer_than "$1"
}

# No build server outlives this command and holds its output open. The compiler's serves all projects, so that what it and the analyzers
# are is made ready once, and is told to end. What the runtime does by default for programs that run for long, and with little memory, costs
# this one more than it gains.
compile() { # project or solution
  local server=caur-$$ code=0
  export MSBUILDDISABLENODEREUSE=1 DOTNET_TieredPGO=0 DOTNET_GCgen0size=0x8000000
  dotnet build "$1" -c Release -v q --nologo -p:UseSharedCompilation=true -p:SharedCompilationId="$server" || code=$?
  dotnet exec "$(sdk_folder)/Roslyn/bincore/VBCSCompiler.dll" -shutdown -pipename:"$server" || true
  return "$code"
}

# What a farm's machine runs: caur compiled ahead (docs/running.md). Prints its folder, or nothing where that cannot be made.
compiled_ahead() {
  local folder=$artifacts/ahead stamp=$artifacts/.built-ahead log=$root/artifacts/logs/ahead.log architecture
  case $(uname -m) in
    x86_64) architecture=x64 ;;
    aarch64) architecture=arm64 ;;
    *) return 0 ;;
  esac
  if [[ -e $stamp && -e $folder/caur.dll ]] && ! sources_newer_than "$stamp"; then
    printf '%s\n' "$folder"
    return 0
  fi
  say "Compiling caur ahead"
  mkdir -p -- "${log%/*}"
  touch -- "$stamp.new"
  if (cd -- "$root" && MSBUILDDISABLENODEREUSE=1 dotnet publish Caur.Silo -c Release -r "linux-$architecture" --no-self-contained -v q --nologo \
    -p:RunAnalyzersDuringBuild=false -p:UseSharedCompilation=false -o "$folder") >"$log" 2>&1; then
    mv -- "$stamp.new" "$stamp"
    printf '%s\n' "$folder"
  else
    note "It cannot be made here (see $log); what the build made is measured."
  fi
}

sdk_folder() {
  # "10.0.401 [/usr/share/dotnet/sdk]" for each that is installed.
  local version
  version=$(dotnet --version)
  dotnet --list-sdks | sed -n "s|^$version \\[\\(.*\\)\\]\$|\\1/$version|p"
}

sources_newer_than() {
  local newer
  newer=$(find "$root" \( -name .git -o -path "$root/artifacts" -o -path "$root/data" -o -path "$root/samples" -o -path "$root/builder" -o -path "$root/docs" \) -prune -o \
    \( -type d ! -path "$root" -o -name '*.cs' -o -name '*.csproj' -o -name '*.props' -o -name '*.targets' -o -name '*.json' -o -name '*.sln' \
    -o -name '*.razor' -o -name '*.js' -o -name '*.css' -o -name '*.html' -o -name '*.txt' -o -name '*.editorconfig' -o -name '*.sql' \) \
    -newer "$1" -print -quit)
  [[ -n $newer ]]
}

run() { # project, assembly, arguments...
  exec dotnet exec "$artifacts/bin/$1/release/$2.dll" "${@:3}"
}
