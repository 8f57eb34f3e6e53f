# A pass packed for another team and verified where nothing else of it is.
. "$(dirname "$0")/common.sh"
python3 "$SOURCE/tests/support/handmade_pass.py" pass || exit 1
printf '[model]\npath = "original.gguf"\n' >pass/scale.toml
expect_exit 0 "$SCALE" verify --dir pass

expect_exit 0 "$SCALE" bundle --dir pass --output one.tar --json
expect_json 'it["files"] > 4 and len(it["manifest_sha256"]) == 64'
manifest=$(python3 -c 'import json; print(json.load(open("stdout"))["manifest_sha256"])')
expect_exit 0 "$SCALE" bundle --dir pass --output again.tar
cmp one.tar again.tar || fail "the same pass gave another bundle"

# --- an OCI layout, by other programs: every blob has the digest of its name, and the index leads to the manifest
mkdir layout && tar -xf one.tar -C layout || fail "tar cannot read it"
[ "$(cat layout/oci-layout)" = '{"imageLayoutVersion":"1.0.0"}' ] || fail "no OCI layout"
grep -q "sha256:$manifest" layout/index.json || fail "the index names another manifest"
(cd layout/blobs/sha256 && for blob in *; do echo "$blob  $blob"; done | sha256sum -c --quiet) || fail "a blob's name is not its digest"
python3 - "$manifest" <<'PYTHON' || fail "the manifest is not what the record says"
import json, sys
manifest = json.load(open("layout/blobs/sha256/" + sys.argv[1]))
assert manifest["artifactType"] == "application/vnd.cncf.model.manifest.v1+json"
entries = [json.loads(line) for line in open("pass/.scale/record.jsonl")]
artefact = [e for e in entries if e["kind"] == "artefact"][-1]["payload"]
weights = [l for l in manifest["layers"] if l["mediaType"] == "application/vnd.cncf.model.weight.v1.raw"]
assert [l["digest"] for l in weights] == ["sha256:" + artefact["sha256"]]
paths = {l["annotations"]["org.cncf.model.filepath"] for l in manifest["layers"]}
assert {"scale.toml", ".scale/record.jsonl", "scale-report.html", artefact["path"]} <= paths, paths
PYTHON

# --- elsewhere, alone
mkdir elsewhere && cp one.tar elsewhere/
expect_exit 0 "$SCALE" verify elsewhere/one.tar
expect_grep "manifest SHA-256 $manifest" stdout
expect_grep 'The record holds' stdout
[ "$(ls -A elsewhere)" = one.tar ] || fail "verifying left something behind"
expect_exit 0 "$SCALE" verify elsewhere/one.tar --into elsewhere/pass
cmp pass/.scale/record.jsonl elsewhere/pass/.scale/record.jsonl || fail "another record"
expect_exit 0 "$SCALE" verify --dir elsewhere/pass
expect_exit 0 "$SCALE" status --dir elsewhere/pass
expect_exit 1 "$SCALE" verify one.tar --into elsewhere/pass
expect_grep 'not empty' stderr

# --- without the weights: said, and no failure
expect_exit 0 "$SCALE" bundle --dir pass --output small.tar --without-weights
expect_grep 'not in it' stdout
expect_exit 0 "$SCALE" verify small.tar
expect_grep '^note +artefact: .*not in the bundle' stdout

# --- damage, by chance and by intent
damaged() {
  expect_exit 1 "$SCALE" verify "$1"
  expect_grep "$2" stderr
  [ -z "$(ls -A | grep -F .scale-)" ] || fail "a damaged bundle left files behind"
}
head -c 3000 one.tar >cut.tar
damaged cut.tar 'cut.tar|lacks'
python3 - <<'PYTHON'
import io, tarfile
def rewrite(target, change):
    source, out = tarfile.open("one.tar"), tarfile.open(target, "w")
    for member in source.getmembers():
        data = source.extractfile(member).read()
        for info, bytes_ in change(member, data):
            info.size = len(bytes_)
            out.addfile(info, io.BytesIO(bytes_))
    out.close()
largest = max(tarfile.open("one.tar").getmembers(), key=lambda m: m.size).name
flipped = lambda d: bytes([d[0] ^ 1]) + d[1:]
rewrite("flipped.tar", lambda m, d: [(m, flipped(d) if m.name == largest else d)])
rewrite("lacking.tar", lambda m, d: [] if m.name == largest else [(m, d)])
rewrite("twice.tar", lambda m, d: [(m, d), (m, d)])
def extra(name):
    info = tarfile.TarInfo(name)
    return lambda m, d: [(m, d)] + ([(info, b"x")] if m.name == "index.json" else [])
rewrite("escaping.tar", extra("../escaped"))
rewrite("unnamed.tar", extra("blobs/sha256/" + "0" * 64))
rewrite("empty.tar", lambda m, d: [])
# A manifest that is consistent in itself but wants out of the folder.
import hashlib, json
members = {m.name: tarfile.open("one.tar").extractfile(m).read() for m in tarfile.open("one.tar").getmembers()}
index = json.loads(members["index.json"])
name = "blobs/sha256/" + index["manifests"][0]["digest"][7:]
manifest = json.loads(members.pop(name))
manifest["layers"][0]["annotations"]["org.cncf.model.filepath"] = "../../escaped"
text = json.dumps(manifest).encode()
digest = hashlib.sha256(text).hexdigest()
index["manifests"][0].update(digest="sha256:" + digest, size=len(text))
members["index.json"], members["blobs/sha256/" + digest] = json.dumps(index).encode(), text
with tarfile.open("outside.tar", "w") as out:
    for name, data in members.items():
        info = tarfile.TarInfo(name)
        info.size = len(data)
        out.addfile(info, io.BytesIO(data))
PYTHON
damaged flipped.tar 'other bytes'
damaged lacking.tar 'lacks'
damaged twice.tar 'twice'
damaged escaping.tar 'no place in a bundle'
damaged unnamed.tar 'does not name'
damaged empty.tar 'index.json'
damaged outside.tar 'no path inside a pass'
echo "not a tar" >text.tar
damaged text.tar 'text.tar'
damaged missing.tar 'is no file'
[ ! -e escaped ] && [ ! -e ../escaped ] || fail "a file was written outside"

# --- a pass that does not hold is not handed on
sed -i "2s/Q8_0/Q4_0/" pass/.scale/record.jsonl
expect_exit 1 "$SCALE" bundle --dir pass --output broken.tar
[ ! -e broken.tar ] || fail "a broken pass was packed"
