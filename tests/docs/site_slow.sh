#!/usr/bin/env bash
# The site is built without a warning, has every page of its navigation, and loads nothing from elsewhere. Slow only
# because the generator may have to be installed.
. "$(dirname "$0")/../cli/common.sh"
"$SOURCE/scripts/build_docs.sh" "$SCALE" "$work/docs" >stdout 2>stderr || fail "scripts/build_docs.sh"
for page in index tutorial stages/lock reference/cli reference/settings reference/record reference/http design glossary measurements/gateway; do
  [ -s "docs/site/$page.html" ] || fail "no page $page"
done
expect_grep 'scale evaluate promote' docs/site/reference/cli.html
if grep -rhoE '(src|href)="https?://[^"]*\.(js|css|woff2?)"' docs/site | grep -q .; then fail "the site loads from elsewhere"; fi
echo "the site is whole"
