#!/usr/bin/env bash
# The architecture holds: includes follow the declared dependencies, engine headers stay in their place, files stay short,
# and nothing names this machine. The self-test proves that every rule can fail.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
python3 "$here/modules.py" --self-test
python3 "$here/modules.py" --source "$SOURCE" --dependencies "$BUILD/module_dependencies.txt"
