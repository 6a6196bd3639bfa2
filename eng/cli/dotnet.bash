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

# What a farm's machine runs (docs/running.md): caur compiled ahead, with the runtime in it. Prints its folder.
bundle() {
  local folder=${1:-$artifacts/caur} stamp=$artifacts/.bundled log=$root/artifacts/logs/bundle.log architecture since=$SECONDS
  case $(uname -m) in
    x86_64) architecture=x64 ;;
    aarch64) architecture=arm64 ;;
    *) die "caur is compiled ahead on x86_64 and aarch64; this is $(uname -m)." ;;
  esac
  folder=$(realpath -m -- "$folder")
  if [[ ! -e $stamp || $(<"$stamp") != "$folder" || ! -x $folder/caur ]] || sources_newer_than "$stamp"; then
    if [[ -d $folder && ! -e $folder/caur.dll && -n $(ls -A -- "$folder") ]]; then
      die "$folder has something else in it: name a new folder."
    fi
    say "Compiling caur ahead into $folder"
    mkdir -p -- "$artifacts"
    # The time of the start: what was saved while it compiled is newer.
    printf '%s\n' "$folder" >"$stamp.new"
    (cd -- "$root" && MSBUILDDISABLENODEREUSE=1 quietly "$log" dotnet publish Caur.Silo -c Release -r "linux-$architecture" --self-contained \
      -v q --nologo -p:UseAppHost=true -p:PublishDocumentationFiles=false -p:RunAnalyzersDuringBuild=false -p:UseSharedCompilation=false -o "$folder") || die "It does not compile."
    # The runtime's files come for their owner alone, and a farm runs as a user of its own.
    chmod -R a+rX -- "$folder"
    mv -- "$stamp.new" "$stamp"
    note "$((SECONDS - since)) s"
  fi
  printf '%s\n' "$folder"
}

# Compiles a program's assemblies ahead, for what is started many times. Prints the folder that has them, or the given one where this cannot be
# done: it is slower, and the same.
ahead() { # folder
  local to=$1-ahead log=$root/artifacts/logs/ahead.log since=$SECONDS lock
  if [[ ! $to/.ahead -nt $artifacts/.built-Caur.sln ]]; then
    exec {lock}>"$artifacts/.lock"
    flock "$lock"
    say "Compiling ahead what the tests run" >&2
    if ! compile_ahead "$1" "$to.new" {lock}>&- >"$log" 2>&1; then
      note "It failed ($log): the tests run what the build made, and take longer." >&2
      rm -rf -- "$to.new"
      printf '%s\n' "$1"
      return 0
    fi
    rm -rf -- "$to"
    mv -- "$to.new" "$to"
    exec {lock}>&-
    note "$((SECONDS - since)) s" >&2
  fi
  printf '%s\n' "$to"
}

# With the compiler that 'dotnet publish' would use.
compile_ahead() { # folder, folder to make
  local compiler name framework architecture job failed=0
  local -a references=(-r "$1/*.dll") jobs=()
  case $(uname -m) in
    x86_64) architecture=x64 ;;
    aarch64) architecture=arm64 ;;
    *) return 1 ;;
  esac
  compiler=$(cd -- "$root" && dotnet msbuild eng/ahead/ahead.csproj -restore '-t:ResolveFrameworkReferences;ResolveReadyToRunCompilers' \
    -getItem:Crossgen2Tool -p:RuntimeIdentifier="linux-$architecture" | sed -n 's|^ *"FullPath": "\(.*\)",$|\1|p') || return 1
  [[ -x $compiler ]] || return 1
  for name in Microsoft.NETCore.App Microsoft.AspNetCore.App; do
    # "Microsoft.NETCore.App 10.0.12 [/usr/share/dotnet/shared/Microsoft.NETCore.App]" for each that is installed.
    framework=$(dotnet --list-runtimes | sed -n "s|^$name \\(10\\.[^ ]*\\) \\[\\(.*\\)\\]\$|\\2/\\1|p" | tail -1)
    [[ -d $framework ]] || return 1
    references+=(-r "$framework/*.dll")
  done
  rm -rf -- "$2"
  cp -al -- "$1" "$2" || return 1
  # The longest first.
  for name in "$1"/{Caur.Tests,Caur.Api,caur,Caur.[B-SU-Z]*,FSharp.Core,FsCheck,Microsoft.*OpenApi,OpenTelemetry*,Shouldly,Spectre.Console,SQLitePCLRaw.*,System.CommandLine,xunit.v3.*}.dll; do
    if ((${#jobs[@]} >= $(nproc))); then
      wait "${jobs[0]}" || failed=1
      jobs=("${jobs[@]:1}")
    fi
    {
      "$compiler" -O --targetos linux --targetarch "$architecture" "${references[@]}" -o "$2/${name##*/}.ahead" "$name" &&
        mv -- "$2/${name##*/}.ahead" "$2/${name##*/}"
    } &
    jobs+=("$!")
  done
  for job in "${jobs[@]}"; do wait "$job" || failed=1; done
  touch -- "$2/.ahead"
  return "$failed"
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
