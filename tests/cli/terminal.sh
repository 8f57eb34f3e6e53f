#!/usr/bin/env bash
# What scale is on a terminal: width, colours, questions, Ctrl-C. Driven through a pty.
. "$(dirname "$0")/common.sh"
model=$(test_model) || skip "no test model"
python3 "$SOURCE/tests/support/handmade_pass.py" made || exit 1
cp "$model" original.gguf

cat >drive.py <<'PYTHON'
import os, re, subprocess, sys
sys.path.insert(0, os.environ["SOURCE"] + "/tests/support")
from terminal import Terminal
scale = os.environ["SCALE"]
plain = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
os.environ.clear(); os.environ.update(plain)
escape = re.compile(r"\x1b\[[0-9;]*[mK]")

def shown(arguments, columns, **environment):
    with Terminal([scale, *arguments], columns, environment) as terminal:
        assert terminal.end() == 0, terminal.text
        return terminal.text.replace("\r\n", "\n")

# --- width: no line is longer than the terminal, none of the words is lost; a pipe gets the lines as they are
piped = subprocess.run([scale, "status", "--dir", "made"], capture_output=True, text=True, check=True).stdout
assert max(map(len, piped.splitlines())) > 100 and "\x1b" not in piped
for columns in (60, 100):
    text = escape.sub("", shown(["status", "--dir", "made"], columns))
    assert max(map(len, text.splitlines())) <= columns, text
    assert text.split() == piped.split(), text

# --- colours: on a terminal, and not where NO_COLOR is set to anything or the terminal is dumb
assert "\x1b[" in shown(["checklist", "--dir", "made"], 100) or "\x1b[" in shown(["status", "--dir", "made"], 100)
assert "\x1b" not in shown(["status", "--dir", "made"], 100, NO_COLOR="1")
assert "\x1b" not in shown(["status", "--dir", "made"], 100, TERM="dumb")
assert "\x1b[" in shown(["status", "--dir", "made"], 100, NO_COLOR="")

# --- questions: wrong answers are asked again, Enter takes what is suggested, and the command printed does the same
os.mkdir("asked"), os.mkdir("told")
with Terminal([scale, "init", "original.gguf", "--dir", "asked"], 200, {"NO_COLOR": "1"}) as terminal:
    terminal.expect("What is to be relieved?")
    terminal.type("speed\n")
    terminal.expect('"speed" is none of them')
    terminal.type("thr\n")
    terminal.expect("Requests a minute")
    terminal.type("many\n")
    terminal.expect('"many" is not a number above 0')
    terminal.type("90\n")
    terminal.expect("How much does quality matter?")
    terminal.type("paramount\n")
    terminal.expect("Log of real requests")
    terminal.type("\n")
    assert terminal.end() == 0, terminal.text
command = re.search(r"The same without questions:\s+scale (init .*?)\r?\n", terminal.text)[1].replace("asked", "told")
assert "--kind throughput --requests-per-minute 90 --quality paramount" in command, command
subprocess.run([scale, *command.split()], check=True, capture_output=True)
assert open("asked/scale.toml").read() == open("told/scale.toml").read()
assert re.search(r'^requests_per_minute = 90', open("told/scale.toml").read(), re.M)
# The end of the input ends the questions, and nothing is written.
os.mkdir("ended")
with Terminal([scale, "init", "original.gguf", "--dir", "ended"], 200) as terminal:
    terminal.expect("What is to be relieved?")
    terminal.type("\x04")
    assert terminal.end() == 1 and "--defaults" in terminal.text, terminal.text
assert not os.path.exists("ended/scale.toml")
with Terminal([scale, "init", "original.gguf", "--dir", "ended", "--defaults"], 200) as terminal:
    assert terminal.end() == 0, terminal.text

# --- Ctrl-C: ends by the signal, says that nothing is lost and how to go on; going on works
with Terminal([scale, "set", "--dir", "asked", "--because", "it's a test"], 100) as terminal:
    terminal.expect("[")  # the bar of a worker at work
    terminal.type("\x03")
    assert terminal.end() == -2, terminal.text
assert "interrupted; what was finished is in the record" in terminal.text, terminal.text
assert "set --dir asked --because 'it'\\''s a test' (goes on from there)" in terminal.text, terminal.text
assert subprocess.run(["pgrep", "-P", str(terminal.pid)], capture_output=True).stdout == b""
subprocess.run([scale, "set", "--dir", "asked", "--because", "a test", "-q"], check=True, capture_output=True)
PYTHON
SCALE=$SCALE SOURCE=$SOURCE python3 drive.py || exit 1
expect_exit 0 "$SCALE" verify --dir asked
expect_exit 2 "$SCALE" init original.gguf --dir ended --force --kind throughput
expect_grep 'without its target' stderr
expect_exit 0 "$SCALE" init original.gguf --dir ended --force --price-per-hour 2 --price-per-million-tokens 0.5
expect_grep '^kind = "cost"' ended/scale.toml
echo "width, colours, questions and Ctrl-C on a terminal"
