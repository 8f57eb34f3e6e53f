#!/usr/bin/env bash
# Installs the Debian packages that building, testing and the demo need; does nothing where all are there.
set -euo pipefail
packages=(make g++ cmake ninja-build ccache git curl ca-certificates procps python3 python3-pip python3-venv
          libcli11-dev nlohmann-json3-dev libtomlplusplus-dev libfmt-dev libssl-dev
          libopenblas-dev liblapacke-dev libre2-dev libicu-dev libcld2-dev libcurl4-openssl-dev libarchive-dev
          libzstd-dev zstd libpq-dev postgresql-15 libgtest-dev libgmock-dev librapidcheck-dev
          zsh fish man-db bsdextrautils python3-junitparser python3-yaml cmark-gfm)
# Debian's own, unless another Node.js with npm is there already: the two do not go together.
command -v npm >/dev/null || packages+=(nodejs npm)
[ "${1:-}" = --browser ] && packages+=(chromium fonts-dejavu-core)
[ "${1:-}" = --package ] && packages+=(dpkg-dev lintian)
[ "${1:-}" = --format ] && packages+=(clang-format-14)
[ "${1:-}" = --bench ] && packages+=(wrk haproxy nginx-light)
[ "${1:-}" = --fuzz ] && packages+=(clang-14 libclang-rt-14-dev node-llhttp)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
echo "packages: installing ${missing[*]}" >&2
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "packages: need root or sudo for apt-get install ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
