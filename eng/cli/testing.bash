# shellcheck shell=bash disable=SC2034,SC2154 # a part of ../../caur, which sources them all
# ./caur test: every check there is. Its last line is "N passed, N failed, N skipped" whatever happens.

run_tests() {
  local report=$root/artifacts/test-results/tests.xml passed=0 failed=0 skipped=0 code=0 packages program=$artifacts/bin/Caur.Tests/release
  # Whatever ends this early is a failure, and the last line says so.
  trap 'printf "0 passed, 1 failed, 0 skipped\n"' EXIT
  mapfile -t packages < <(test_packages)
  setup shellcheck promtool prometheus nginx kubectl "${packages[@]}"
  CAUR_TEST_IMAGE=$(builder_image)
  export CAUR_TEST_IMAGE CAUR_BUILDER_IMAGE=$CAUR_TEST_IMAGE
  require_dotnet
  build Caur.sln
  if (($# == 0)); then
    program=$(ahead "$program")
    say "Scripts"
    if lint; then passed=1; else failed=1; fi
  fi
  say "Tests"
  if (($# == 0)) && [[ -z ${CAUR_TEST_ROOTLESS_USER:-} ]]; then
    # It wants a user whom only a person can prepare. It is no part of a plain run, rather than skipped in each.
    note "Not among them: rootless podman (docs/builders.md says how to try it)"
    set -- -class- '*.RootlessPodmanTests'
  fi
  mkdir -p -- "${report%/*}"
  rm -f -- "$report"
  # What the runtime does for programs that run for long costs more than it gains. In hexadecimal: compiled anew is what is called a thousand
  # times, rather than thirty.
  export DOTNET_TieredPGO=0 DOTNET_TC_CallCountThreshold=3E8
  (cd -- "$root" && dotnet exec "$program/Caur.Tests.dll" -noColor -noAutoReporters -reporter verbose -xml "$report" "$@" 2>&1 </dev/null) |
    tee "${report%.xml}.log" | show_progress || code=$?
  trap - EXIT
  if ! add_report; then
    note "The test runner ended with $code before it wrote a report; ${report%.xml}.log has its output."
    failed=$((failed + 1))
  elif ((code != 0 && failed == 0)); then
    note "The test runner ended with $code though no test failed; ${report%.xml}.log has its output."
    failed=1
  elif ((passed + failed + skipped == 0)); then
    note "No test matches: $*"
    failed=1
  fi
  printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  ((failed == 0))
}

# Prints the packages that only tests need and that are missing. What a machine cannot get, or should not, has its tests skipped, and they say
# so; with CI=true they fail.
test_packages() {
  local name browser=
  type -P rsync >/dev/null || echo rsync
  type -P zsh >/dev/null || echo zsh
  type -P ssh >/dev/null || echo openssh-client
  # A service manager would start it.
  [[ -x /usr/sbin/sshd || -d /run/systemd/system ]] || echo openssh-server
  [[ -d /run/systemd/system ]] || type -P redis-server >/dev/null || echo redis-server
  # For the schemas of Kubernetes' objects.
  type -P node >/dev/null || echo nodejs
  type -P npm >/dev/null || echo npm
  for name in chromium chromium-browser google-chrome google-chrome-stable; do
    if type -P -- "$name" >/dev/null; then browser=$name; fi
  done
  if [[ -n $browser ]] && type -P chromedriver >/dev/null; then return 0; fi
  if ((EUID == 0)) && [[ ${CAUR_SETUP:-} != never ]] && grep -qsx 'ID=debian' /etc/os-release; then
    printf '%s\n' chromium chromium-driver
  fi
}

# Adds up the counts of the report's assemblies. Fails if there is no complete report.
add_report() {
  local assembly
  [[ -s $report ]] && grep -q '</assemblies>' "$report" || return 1
  while IFS= read -r assembly; do
    passed=$((passed + $(attribute passed "$assembly")))
    failed=$((failed + $(attribute failed "$assembly") + $(attribute errors "$assembly")))
    skipped=$((skipped + $(attribute skipped "$assembly") + $(attribute not-run "$assembly")))
  done < <(grep -o '<assembly [^>]*>' "$report")
}

attribute() { # name, element
  if [[ $2 =~ [[:space:]]"$1"=\"([0-9]+)\" ]]; then echo "${BASH_REMATCH[1]}"; else echo 0; fi
}

# Shows what failed or was skipped at once, and otherwise a sign of life every 50 tests.
show_progress() {
  local line count=0
  while IFS= read -r line; do
    case $line in
      *'[STARTING]') ;;
      *'[FINISHED]'* | *'[PASS]'*)
        count=$((count + 1))
        ((count % 50)) || printf '    %d tests\n' "$count"
        ;;
      *) printf '%s\n' "$line" ;;
    esac
  done
}
