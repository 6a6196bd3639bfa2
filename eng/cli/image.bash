# shellcheck shell=bash disable=SC2034,SC2154 # a part of ../../caur, which sources them all
# The builder image: made once for each state of builder/ and of its base.

readonly image_repository=localhost/caur-builder

# builder_image [--base B] [--refresh]: prints the image's name, having made it if need be.
builder_image() {
  local base=${CAUR_IMAGE_BASE:-} refresh=0 key tag label arguments=()
  while (($#)); do
    case $1 in
      --base) base=${2:?--base needs host, arch or the name of an image} && shift 2 ;;
      --base=*) base=${1#*=} && shift ;;
      --refresh) refresh=1 && shift ;;
      *) die "./caur image does not know $1." "It takes --base host|arch|IMAGE and --refresh." ;;
    esac
  done
  if [[ -z $base ]]; then
    if type -P dpkg-query >/dev/null; then base=host; else base=arch; fi
  fi
  if [[ $base == host ]]; then
    base=$(CAUR_ENGINE=$root/eng/cli/engine-command "$root/builder/bootstrap") || die "No base image could be made from this machine's files."
  fi
  [[ $base == arch ]] || arguments=(--build-arg "BASE=$base")
  ((refresh)) && arguments+=(--pull --no-cache)
  key=$(cd -- "$root/builder" && { find Containerfile root -type f -exec sha256sum {} + | LC_ALL=C sort && printf '%s\n' "$base"; } | sha256sum | cut -c1-12)
  tag=$image_repository:$key
  if ((refresh)) || ! engine image inspect "$tag" >/dev/null 2>&1; then
    say "Making the builder image $tag on $base"
    quietly "$root/artifacts/logs/image.log" engine build "${arguments[@]}" --force-rm --label "org.caur.builder=$key" \
      -t "$tag" -f "$root/builder/Containerfile" "$root/builder" || die "The builder image could not be made."
    engine tag "$tag" "$image_repository:latest"
    # Each state of builder/ leaves an image; those that nobody has used and that are over a week old go.
    for label in org.caur.builder org.caur.bootstrap; do
      engine image prune -a -f --filter "label=$label" --filter until=168h >/dev/null 2>&1 || true
    done
  fi
  printf '%s\n' "$tag"
}

# The farm's own image: caur with every verb (deploy/Containerfile).

readonly farm_repository=localhost/caur

# farm_image [--base B] [--as UID:GID] [--bundle FOLDER] [--tag NAME]: prints the image's name, having made it.
farm_image() {
  local base='' folder='' run_as='' tag='' engine=${CaurEngine:-embedded} arguments=()
  while (($#)); do
    case $1 in
      --base) base=${2:?--base needs host, debian or the name of an image} && shift 2 ;;
      --base=*) base=${1#*=} && shift ;;
      --as) run_as=${2:?--as needs a user and a group, as 0:0} && shift 2 ;;
      --as=*) run_as=${1#*=} && shift ;;
      --bundle) folder=${2:?--bundle needs the folder that ./caur bundle made} && shift 2 ;;
      --bundle=*) folder=${1#*=} && shift ;;
      --tag) tag=${2:?--tag needs the name of an image} && shift 2 ;;
      --tag=*) tag=${1#*=} && shift ;;
      *) die "./caur image --farm does not know $1." "It takes --base host|debian|IMAGE, --as UID:GID, --bundle FOLDER and --tag NAME." ;;
    esac
  done
  if [[ -z $base ]]; then
    if type -P dpkg-query >/dev/null; then base=host; else base=debian; fi
  fi
  if [[ -z $folder ]]; then
    require_dotnet
    folder=$(bundle | tail -n 1)
  fi
  if [[ $base == host ]]; then
    base=$(CAUR_ENGINE=$root/eng/cli/engine-command "$root/eng/cli/farm-base") || die "No base image could be made from this machine's files."
  fi
  [[ $base == debian ]] || arguments+=(--build-arg "BASE=$base")
  [[ -z $run_as ]] || arguments+=(--build-arg "RUN_AS=$run_as")
  # Its own format knows no HEALTHCHECK.
  [[ $CAUR_ENGINE != podman ]] || arguments+=(--format docker)
  if [[ -z $tag ]]; then
    tag=$farm_repository:latest
    [[ $engine == embedded ]] || tag=$farm_repository:$engine
  fi
  say "Making the farm's image $tag"
  quietly "$root/artifacts/logs/farm-image.log" engine build "${arguments[@]}" --force-rm --build-arg "ENGINE=$engine" \
    --build-arg "VERSION=$(sed -n 's|^ *<Version>\(.*\)</Version>$|\1|p' "$root/Directory.Build.props")" \
    --build-arg "REVISION=$(git -C "$root" rev-parse HEAD 2>/dev/null || echo unknown)" \
    -t "$tag" -f "$root/deploy/Containerfile" "$folder" || die "The farm's image could not be made."
  note "$(engine image inspect -f '{{.Size}}' "$tag" | awk '{ printf "%.0f MB\n", $1 / 1e6 }')"
  printf '%s\n' "$tag"
}
