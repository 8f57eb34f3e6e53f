# scale init and scale doctor on the real binary: a good model, and everything that can be wrong before a pass begins.
. "$(dirname "$0")/common.sh"
model=$(test_model) || skip "no test model"

# --- init writes a scale.toml that runs as it is
mkdir pass
cp "$model" pass/original.gguf
expect_exit 0 "$SCALE" init pass/original.gguf --dir pass
expect_grep 'llama, 6\.8 M parameters, F16' stdout
expect_grep 'next: scale set' stdout
expect_grep 'There is no pass/traffic.jsonl yet' stdout
expect_grep '"messages"' stdout
expect_grep 'MiB, is a suggestion.*' stdout
expect_grep '^path = "original.gguf"' pass/scale.toml
expect_grep '^kind = "memory"' pass/scale.toml

# --- it never overwrites unasked
echo '# mine' >>pass/scale.toml
expect_exit 1 "$SCALE" init pass/original.gguf --dir pass
expect_grep 'pass/scale.toml exists' stderr
expect_grep '[-]-force' stderr
expect_grep '# mine' pass/scale.toml
expect_exit 0 "$SCALE" init pass/original.gguf --dir pass --force
refuse_grep '# mine' pass/scale.toml

# --- without a name it takes the only model of the folder
rm pass/scale.toml
expect_exit 0 "$SCALE" init --dir pass --json
expect_json 'it["exit_code"] == 0 and it["next"] == "scale set" and it["model_path"] == "original.gguf"'
expect_json 'it["model"]["layers"] == 6 and it["memory_target_mib"] > 0'
mkdir none two
expect_exit 1 "$SCALE" init --dir none
expect_grep 'none holds no .gguf file' stderr
touch two/a.gguf two/b.gguf
expect_exit 1 "$SCALE" init --dir two
expect_grep 'two holds 2: a.gguf, b.gguf' stderr

# --- a model elsewhere is stored so that it is found from the pass folder
mkdir beside
expect_exit 0 "$SCALE" init pass/original.gguf --dir beside
expect_grep '^path = "../pass/original.gguf"' beside/scale.toml

# --- models that cannot be used: the reason, and no scale.toml
refused() {  # PATTERN MODEL
  rm -rf bad; mkdir bad
  expect_exit 1 "$SCALE" init "$2" --dir bad
  expect_grep "$1" stderr
  expect_grep '^next: ' stderr
  [ "$(wc -l <stderr)" -le 3 ] || fail "an error of more than three lines"
  [ ! -e bad/scale.toml ] || fail "scale.toml was written for $2"
}
size=$(stat -c %s "$model")
head -c $((size - 1000)) "$model" >cut.gguf
refused 'past the end of the file' cut.gguf
head -c 5000 "$model" >header.gguf
refused 'the file ends at byte 5000|which is what the remaining bytes can hold' header.gguf
: >empty.gguf
refused 'the file is empty' empty.gguf
echo 'not a model at all' >text.gguf
refused 'not a GGUF file' text.gguf
(printf 'GGUF\3\0\0\0\377\377\377\377\377\377\377\177\0\0\0\0\0\0\0\0') >counts.gguf
refused 'claims 9223372036854775807 tensors' counts.gguf
python3 - <<'PYTHON'
import struct
text = lambda s: struct.pack("<Q", len(s)) + s.encode()
pair = lambda key, kind, value: text(key) + struct.pack("<I", kind) + value
def write(path, pairs):
    header = b"GGUF" + struct.pack("<IQQ", 3, 1, len(pairs)) + b"".join(pairs)
    header += text("token_embd.weight") + struct.pack("<IQIQ", 1, 8, 0, 0)
    header += b"\0" * (-len(header) % 32)
    open(path, "wb").write(header + struct.pack("<8f", *range(8)))
sizes = [pair("llama.block_count", 4, struct.pack("<I", 1)), pair("llama.embedding_length", 4, struct.pack("<I", 8))]
name = pair("general.architecture", 8, text("llama"))
tokens = [pair("tokenizer.ggml.model", 8, text("gpt2")),
          pair("tokenizer.ggml.tokens", 9, struct.pack("<IQ", 8, 1) + text("a"))]
write("no_tokenizer.gguf", [name] + sizes)
write("no_architecture.gguf", sizes + tokens)
write("no_weights.gguf", [name] + sizes + tokens)  # right by its structure, but the engine cannot run it
PYTHON
refused 'has no tokenizer' no_tokenizer.gguf
refused 'names no architecture' no_architecture.gguf
rm -rf bad; mkdir bad
expect_exit 1 "$SCALE" init no_weights.gguf --dir bad
[ ! -e bad/scale.toml ] || fail "scale.toml was written for a model that the engine cannot open"
rm -rf bad; mkdir bad
expect_exit 1 "$SCALE" init missing.gguf --dir bad
expect_grep 'missing.gguf: No such file' stderr
expect_exit 1 "$SCALE" init bad --dir bad
expect_grep 'bad: is no folder with a config.json' stderr
expect_exit 1 "$SCALE" init "$model" --dir /dev/null/x
expect_grep '/dev/null/x' stderr
expect_exit 2 "$SCALE" init --no-such-option
expect_exit 0 "$SCALE" init --help
expect_grep 'Example' stdout

# --- doctor before there is a pass
expect_exit 0 "$SCALE" doctor --dir none
expect_grep '^ok +engine +llama.cpp ' stdout
expect_grep '^ok +llama-server +runs' stdout
expect_grep '^ok +worker ' stdout
expect_grep '^warning +scale.toml +none yet' stdout
expect_grep 'next: scale init' stdout
[ -z "$(ls -A none)" ] || fail "doctor left something in the folder: $(ls -A none)"

# --- doctor on a whole pass
port=$(free_port)
sed -i "s/^listen = .*/listen = \"127.0.0.1:$port\"/" pass/scale.toml
make_traffic 400 pass/traffic.jsonl
expect_exit 0 "$SCALE" doctor --dir pass --json
expect_json 'it["problems"] == 0 and it["warnings"] == 0'
expect_json '{c["name"] for c in it["checks"]} >= {"machine", "engine", "llama-server", "worker", "folder", "record", "scale.toml", "model", "disk space", "memory", "traffic", "listen"}'
expect_json 'any(c["name"] == "traffic" and "400 lines" in c["finding"] for c in it["checks"])'
cp pass/scale.toml good.toml

finds() {  # EXIT STATE NAME PATTERN: what doctor says of the pass
  expect_exit "$1" "$SCALE" doctor --dir pass
  expect_grep "^$2 +$3 .*$4" stdout
}
sed 's/^samples = /sampels = /' good.toml >pass/scale.toml
finds 1 problem scale.toml '.*'
expect_grep 'sampels' stdout
expect_grep 'samples' stdout
printf '[model\npath = 3\n' >pass/scale.toml
finds 1 problem scale.toml '.*'
cp good.toml pass/scale.toml

head -c $((size - 1000)) "$model" >pass/original.gguf
finds 1 problem model 'past the end of the file'
rm pass/original.gguf
finds 1 problem model 'No such file'
cp "$model" pass/original.gguf

sed 's/^concurrency = .*/concurrency = 100000/' good.toml >pass/scale.toml
expect_exit 1 "$SCALE" doctor --dir pass
expect_grep '^problem +(memory|scale.toml) ' stdout
cp good.toml pass/scale.toml

mv pass/traffic.jsonl kept.jsonl
finds 0 warning traffic 'does not exist'
: >pass/traffic.jsonl
finds 1 problem traffic '0 lines'
head -5 kept.jsonl >pass/traffic.jsonl
finds 0 warning traffic '5 lines'
mv kept.jsonl pass/traffic.jsonl

python3 -c "
import socket, time
s = socket.socket(); s.bind(('127.0.0.1', $port)); s.listen(); open('listening', 'w').close(); time.sleep(60)" &
kill_at_end $!
until [ -e listening ]; do sleep 0.05; done
finds 1 problem listen 'Address already in use'
sed 's/^listen = .*/listen = "127.0.0.1:0"/' good.toml >pass/scale.toml

mkdir -p pass/.scale
printf '{"seq": 1, ' >pass/.scale/record.jsonl
finds 0 warning record 'torn last line of 11 bytes'
printf '{"seq": 1}\n' >pass/.scale/record.jsonl
finds 1 problem record '.*'
rm -r pass/.scale

# --- folders that cannot be written to
expect_exit 1 "$SCALE" doctor --dir /dev/null/x
expect_grep '^problem +folder ' stdout
if unshare --user --map-root-user --mount true 2>/dev/null; then
  read_only() { unshare --user --map-root-user --mount bash -c \
    'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "${@:1}"' "$work/pass" "$@"; }
  expect_exit 1 read_only "$SCALE" doctor --dir "$work/pass"
  expect_grep '^problem +folder .*Read-only file system' stdout
  expect_exit 1 read_only "$SCALE" init --force --dir "$work/pass"
  expect_grep 'Read-only file system' stderr
  cmp -s pass/scale.toml <(sed 's/^listen = .*/listen = "127.0.0.1:0"/' good.toml) || fail "scale.toml changed"
fi
echo passed
