# Random models of every family, as transformers saves them: converted as llama.cpp's converter does it, and predicting in
# the engine what they predict in transformers. Needs a package registry the first time.
. "$(dirname "$0")/common.sh"
venv=$("$SOURCE/scripts/install_vllm.sh" 2>/dev/null) || skip "no environment with transformers"
. "$SOURCE/scripts/pins.env"
llama_cpp=${SCALE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/scale}/engine/source-$ENGINE_VERSION
[ -e "$llama_cpp/convert_hf_to_gguf.py" ] || skip "no source of llama.cpp"
support=$SOURCE/tests/support
export HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false OMP_NUM_THREADS=1

"$venv/bin/python" "$support/make_random_models.py" models >families 2>make.log || fail "$(tail -3 make.log)"
[ "$(wc -l <families)" = 13 ] || fail "only $(wc -l <families) models were made"
"$venv/bin/python" "$support/reference_convert.py" "$llama_cpp" models <families >reference.log 2>&1 ||
  fail "llama.cpp's converter: $(tail -3 reference.log)"

# What the converter writes from a folder's name and history (general.*), a flag that is false anyway, and keys that only
# ours has: sizes of heads that are width / heads, Gemma 2's rotary base.
may_differ=(general.name general.size_label general.basename general.finetune general.version general.tags
            general.languages tokenizer.ggml.add_sep_token)
broken=
while read -r name pre; do
  mkdir "pass-$name"
  expect_exit 0 "$SCALE" init "models/$name" --dir "pass-$name"
  gguf=$(echo "pass-$name"/.scale/objects/*/*)
  heads=()
  [ "$name" != gemma2 ] || heads=('*.rope.freq_base')
  grep -Eq '"head_dim": [0-9]' "models/$name/config.json" || heads=('*.attention.key_length' '*.attention.value_length')
  python3 "$support/compare_gguf.py" "$gguf" "models/$name/reference.gguf" --may-differ "${may_differ[@]}" \
    ${heads[@]+"${heads[@]}"} >compared || broken+=" $name"
  sed "s/^/$name: /" compared
  echo "$name $pre $gguf" >>converted
done <families
predicted=0
"$venv/bin/python" "$support/compare_predictions.py" "$ENGINE/bin/llama-server" models <converted 2>predictions.log ||
  predicted=$?
[ -z "$broken" ] || fail "files differ from the converter's:$broken"
[ "$predicted" = 0 ] || fail "predictions differ: $(tail -3 predictions.log)"
echo passed
