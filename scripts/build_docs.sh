#!/usr/bin/env bash
# Builds the site: pages, what the program writes about itself, and the repository's own documents.
#
#   scripts/build_docs.sh SCALE FOLDER    FOLDER/site/index.html; FOLDER/pages is what it was made from
set -euo pipefail
scale=$(realpath "$1")
root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$2"
folder=$(cd "$2" && pwd)
python=$("$root/scripts/docs_venv.sh")/bin/python
rm -rf "$folder/pages" "$folder/site"
cp -r "$root/docs/pages" "$folder/pages"
mkdir -p "$folder/pages/reference"
cp -r "$root/docs/design.md" "$root/docs/glossary.md" "$root/docs/measurements" "$folder/pages/"
"$scale" manual --format markdown >"$folder/pages/reference/cli.md"
"$scale" manual --format settings >"$folder/pages/reference/settings.md"
"$python" "$root/docs/site/record_reference.py" "$root" >"$folder/pages/reference/record.md"
"$python" "$root/docs/site/http_reference.py" >"$folder/pages/reference/http.md"
cp "$root/docs/site/openapi.yaml" "$folder/pages/reference/"
"$python" "$root/docs/site/power_picture.py" "$root/docs/measurements/gate-simulation.md" >"$folder/pages/explanation/power.svg"
cp "$root/docs/site/mkdocs.yml" "$folder/"
(cd "$folder" && NO_MKDOCS_2_WARNING=1 "$python" -m mkdocs build --strict --quiet)
echo "$folder/site/index.html"
