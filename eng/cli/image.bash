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
