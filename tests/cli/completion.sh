#!/usr/bin/env bash
# Completion and manual say what --help says: every command, option and listed value, in each shell itself.
. "$(dirname "$0")/common.sh"
"$SCALE" completion bash >scale.bash && "$SCALE" completion zsh >_scale && "$SCALE" completion fish >scale.fish || fail "no scripts"
"$SCALE" manual >scale.1 && "$SCALE" manual --format markdown >cli.md || fail "no manual"

# The truth: the help texts. "evaluate start --listen" …
python3 - "$SCALE" >wanted <<'PYTHON' || fail "no help"
import re, subprocess, sys
def help_of(*words):
    return subprocess.run([sys.argv[1], *words, "--help"], capture_output=True, text=True, check=True).stdout
def commands_of(text):
    part = text.split("Subcommands:\n")[1] if "Subcommands:\n" in text else ""
    return re.findall(r"^  ([a-z-]+)  ", part, re.M)
def walk(words):
    text = help_of(*words)
    for below in commands_of(text):
        print(" ".join([*words, below]))
        walk([*words, below])
    for option in re.findall(r"^  (?:-\w,)?(--[a-z-]+)", text, re.M):
        print(" ".join([*words, option]))
walk([])
PYTHON
[ "$(wc -l <wanted)" -gt 80 ] || fail "only $(wc -l <wanted) commands and options in the help"

# --- bash: its own completion function, asked as readline asks it
cat >ask.bash <<'BASH'
compopt() { :; }
. ./scale.bash
ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _scale; printf '%s\n' "${COMPREPLY[@]}"; }
while read -r line; do
  read -ra words <<<"$line"
  ask scale "${words[@]}" | grep -Fqx -- "${words[-1]}" || echo "bash does not complete: scale $line"
done <wanted
[ "$(ask scale evaluate start --durability s)" = strict ] || echo "bash: no value of --durability"
mkdir -p folder/one; [ "$(ask scale status --dir folder/o)" = folder/one ] || echo "bash: no folder behind --dir"
[ -z "$(ask scale report --output '')" ] || echo "bash: words where a file is wanted"
[ "$(ask scale completion z)" = zsh ] || echo "bash: no shell"
BASH
bash ask.bash >found 2>&1; [ ! -s found ] || fail "$(cat found)"

# --- fish
if command -v fish >/dev/null; then
  export HOME=$work XDG_CONFIG_HOME=$work XDG_DATA_HOME=$work
  cat >ask.fish <<'FISH'
source scale.fish
while read -l line
  set -l last (string split ' ' -- $line)[-1]
  complete -C "scale $line" | string replace -r '\t.*' '' | string match -q -- $last; or echo "fish does not complete: scale $line"
end <wanted
test (complete -C 'scale evaluate start --durability s' | string replace -r '\t.*' '') = strict; or echo 'fish: no value of --durability'
test (complete -C 'scale status --dir folder/o' | string replace -r '\t.*' '') = folder/one/; or echo 'fish: no folder behind --dir'
FISH
  fish ask.fish >found 2>&1; [ ! -s found ] || fail "$(cat found)"
else
  fail "fish is not installed: scripts/install_packages.sh"
fi

# --- zsh: in a terminal, since its completion runs in the line editor only
command -v zsh >/dev/null || fail "zsh is not installed: scripts/install_packages.sh"
python3 - <<'PYTHON' || fail "zsh does not complete"
import os, sys
sys.path.insert(0, os.environ["SOURCE"] + "/tests/support")
from terminal import Terminal
with Terminal(["zsh", "-f", "-i"], 200, {"HOME": os.getcwd(), "PS1": "$ ", "TERM": "dumb"}) as zsh:
    zsh.type("fpath=($PWD $fpath); autoload -U compinit; compinit -u -D; unsetopt zle_bracketed_paste; echo read''y\n")
    zsh.expect("ready")
    for typed, wanted in (("scale quan", "quantize "), ("scale evaluate prom", "promote "), ("scale init --price-per-m", "--price-per-million-tokens "),
                          ("scale evaluate start --durability str", "strict "), ("scale status --dir folder/o", "folder/one/"),
                          ("scale completion fi", "fish ")):
        zsh.type(typed + "\t")
        zsh.expect(wanted, 30)
        zsh.type("\x15")  # ctrl-u: the line is empty again
PYTHON

# --- manual: nothing of the help is missing, and the formatter has nothing to complain of
while read -r line; do
  last=${line##* }
  case $last in --*) name=${last//-/\\-} ;; *) name="fBscale ${line//-/\\-}" ;; esac
  grep -Fq -- "$name" scale.1 || fail "not in the manual page: $line"
  case $last in --*) grep -Fq -- "$last" cli.md ;; *) grep -Fqx "## scale $line" cli.md ;; esac || fail "not in the reference: $line"
done <wanted
LC_ALL=C.UTF-8 MANROFFSEQ='' man --warnings -l scale.1 2>warnings | col -bx >page || fail "man cannot show the page"
[ ! -s warnings ] || fail "$(cat warnings)"
grep -q 'scale evaluate promote' page || fail "no command in the page as it is shown"
# --- the reference of scale.toml has every key of the file that init writes
if model=$(test_model); then
  mkdir pass; expect_exit 0 "$SCALE" init "$model" --dir pass
  "$SCALE" manual --format settings >settings.md || fail "no settings"
  keys=$(sed -nE 's/^(# )?([a-z0-9_]+) = .*/\2/p' pass/scale.toml)
  [ "$(wc -w <<<"$keys")" -gt 80 ] || fail "few keys in scale.toml"
  for key in $keys; do grep -q "^| \`$key\` |" settings.md || fail "no $key in the reference of scale.toml"; done
fi
echo "$(wc -l <wanted) commands and options are completed by three shells and in the manual"
