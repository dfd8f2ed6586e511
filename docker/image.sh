#!/usr/bin/env bash
# The images, with Docker or else with Debian's buildah: image.sh build [cpu|cuda], image.sh run [-v HERE:THERE]… IMAGE COMMAND…
# Buildah needs no service; where it reaches no registry, debootstrap makes a stand-in of the base image from Debian's packages.
set -euo pipefail
cd "$(dirname "$0")/.."

BASE=docker.io/library/debian:bookworm-slim
SUITE=bookworm
export BUILDAH_ISOLATION=${BUILDAH_ISOLATION:-chroot} STORAGE_DRIVER=${STORAGE_DRIVER:-vfs} # what works inside containers too

has_docker() { docker info >/dev/null 2>&1; }

missing() { # what an image could be built with is not there: says so
  has_docker && return 1
  for tool in buildah debootstrap; do
    command -v "$tool" >/dev/null || { echo "no Docker engine, and $tool is not there: apt-get install buildah debootstrap"; return 0; }
  done
  [ "$(id -u)" = 0 ] || { echo "no Docker engine, and buildah is run as root here: sudo make image"; return 0; }
  return 1
}

base() { # the base image, or one like it
  buildah inspect --type image "$BASE" >/dev/null 2>&1 && return
  buildah pull -q "$BASE" 2>/dev/null && return
  echo "$BASE cannot be pulled: debootstrap makes one like it" >&2
  local folder container
  folder=$(mktemp -d)
  debootstrap --variant=minbase "$SUITE" "$folder/root" >"$folder/log" || { tail -3 "$folder/log" >&2; exit 1; }
  rm -rf "$folder/root/var/cache/apt/archives" "$folder/root/var/lib/apt/lists"
  mkdir -p "$folder/root/var/cache/apt/archives/partial" "$folder/root/var/lib/apt/lists/partial"
  container=$(buildah from scratch)
  buildah add -q "$container" "$folder/root" / >/dev/null
  buildah config --cmd bash "$container"
  buildah commit -q --rm "$container" "$BASE" >/dev/null
  rm -rf "$folder"
}

lent() { # what pip needs on this machine to reach packages
  local config ca=${PIP_CERT:-${SSL_CERT_FILE:-}}
  for config in "${PIP_CONFIG_FILE:-}" "$HOME/.config/pip/pip.conf" /etc/pip.conf; do
    [ -f "$config" ] && { echo "--secret=id=pip,src=$config"; break; }
  done
  [ -z "$ca" ] || echo "--secret=id=ca,src=$ca"
}

build() {
  local target=${1:-cpu} options
  mapfile -t options < <(lent)
  options+=(--target "$target" --tag "streamer:$target" --file docker/Dockerfile .)
  if has_docker; then
    docker build "${options[@]}"
  else
    base
    if [[ $(buildah info) == *'"GraphDriverName": "overlay"'* ]]; then options=(--layers "${options[@]}"); fi # steps that are done are kept
    buildah build --quiet "${options[@]}"
  fi
}

run() { # as the image's own user; Docker also holds it to a read-only root without rights
  local volumes=() image container code=0
  while [ "${1:-}" = -v ]; do volumes+=(-v "$2"); shift 2; done
  image=$1
  shift
  if has_docker; then
    exec docker run --rm --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges --network host "${volumes[@]}" "$image" "$@"
  fi
  container=$(buildah from "$image")
  buildah run "${volumes[@]}" "$container" -- "$@" || code=$?
  buildah rm "$container" >/dev/null
  return "$code"
}

case ${1:-} in
  build | run) command=$1; shift; if missing; then exit 3; fi; "$command" "$@" ;;
  *) sed -n 2,3p "$0"; exit 2 ;;
esac
