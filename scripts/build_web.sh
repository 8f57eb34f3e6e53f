#!/usr/bin/env bash
# Builds one page of web/ into one HTML file, and that into a C++ source with its bytes.
#
#   scripts/build_web.sh ENTRY FOLDER    makes FOLDER/ENTRY.html and FOLDER/ENTRY.cpp, which defines
#                                        std::string_view scale::web::ENTRY_page
set -euo pipefail
entry=$1
mkdir -p "$2"
folder=$(cd "$2" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
modules=$("$here/web_modules.sh")
# A copy, so that the checkout gets neither node_modules nor output.
work=$folder/$entry.work
rm -rf "$work"
mkdir -p "$work"
cp -r "$here/../web/." "$work/"
rm -rf "$work/node_modules"
ln -s "$modules/node_modules" "$work/node_modules"
(cd "$work" && node node_modules/typescript/bin/tsc --noEmit && node node_modules/vite/bin/vite.js build --mode "$entry") >&2
page=$work/dist/$entry/index.html
delimiter=scale_page
! grep -qF ")$delimiter\"" "$page" || { echo "web: the page holds )$delimiter\"" >&2; exit 1; }
cp "$page" "$folder/$entry.html"
{
  printf '#include <string_view>\nnamespace scale::web {\nextern const std::string_view %s_page;\n' "$entry"
  printf 'const std::string_view %s_page = R"%s(' "$entry" "$delimiter"
  cat "$page"
  printf ')%s";\n}  // namespace scale::web\n' "$delimiter"
} >"$folder/$entry.cpp.new"
mv "$folder/$entry.cpp.new" "$folder/$entry.cpp"
rm -rf "$work"
