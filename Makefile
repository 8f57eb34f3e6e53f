# Verbs for people. `make demo` and `make test` are all the set-up a newcomer does: both install what is missing, build
# the engine into a cache outside the checkout and then the program.
SHELL := /bin/bash
.PHONY: help packages engine configure build program demo worked-pass test test-slow test-browser bench bench-gate bench-statistics bench-lock bench-rollout bench-gateway bench-arms bench-waits bench-quantizer bench-quantize bench-formats bench-redaction bench-refresh bench-ablation bench-suffering bench-assemble asan tsan format fuzz docs install package clean
PRESET ?= release
export CCACHE_NOHASHDIR := 1
export CCACHE_BASEDIR := $(CURDIR)

help:
	@echo "make demo       the whole pass on a small real model, from constraint to rollback"
	@echo "make worked-pass  a pass for vLLM, decided and served on two real vLLM servers (6 GB to install)"
	@echo "make test       all tests but the slow ones;  make test-slow: those"
	@echo "make test-browser  the live page and the report in Chromium"
	@echo "make program    build/$(PRESET)/scale;  make build: with its tests and benchmarks"
	@echo "make asan tsan  the tests under AddressSanitizer with UBSan, and under ThreadSanitizer"
	@echo "make bench      measurements (bench-gate, bench-rollout)"
	@echo "make docs       the documentation as a site;  make package: Debian package and tarball"
	@echo "make install    DESTDIR=stage PREFIX=folder: the program with completions and manual"
	@echo "make format     clang-format over our sources;  make fuzz: a minute of fuzzing per parser"

packages:
	@scripts/install_packages.sh

engine: packages
	@scripts/build_engine.sh >/dev/null

configure: engine
	@SCALE_ENGINE="$$(scripts/build_engine.sh)" cmake --preset $(PRESET) >build-$(PRESET).log 2>&1 || { cat build-$(PRESET).log; exit 1; }; rm -f build-$(PRESET).log

build: configure
	@cmake --build --preset $(PRESET)

# The program alone; tests and benchmarks are as much again.
program: configure
	@cmake --build --preset $(PRESET) --target scale

demo: program
	@examples/smollm2/demo.sh build/$(PRESET)/scale

worked-pass: program
	@examples/worked-pass/run.sh build/$(PRESET)/scale

test: build
	@cd build/$(PRESET) && ctest --output-on-failure --parallel 2 --label-exclude slow

test-slow: build
	@cd build/$(PRESET) && ctest --output-on-failure --label-regex slow

# Pictures of the page are left in build/$(PRESET)/shots.
test-browser: build
	@scripts/install_packages.sh --browser
	@SCALE=build/$(PRESET)/scale SOURCE=$(CURDIR) SHOTS=$(CURDIR)/build/$(PRESET)/shots tests/browser/live_page.sh
	@SCALE=$(CURDIR)/build/$(PRESET)/scale SOURCE=$(CURDIR) SHOTS=$(CURDIR)/build/$(PRESET)/shots tests/browser/report_page.sh

asan tsan:
	@$(MAKE) --no-print-directory test PRESET=$@

bench: bench-gate bench-rollout

bench-gate: build
	@cmake --build --preset $(PRESET) --target bench_gate && build/$(PRESET)/bench/bench_gate

# The gate's formulas against scipy and statsmodels, which are kept in a folder of the cache.
STATISTICS_VENV ?= $(HOME)/.cache/scale/statistics-venv
bench-statistics: build
	@cmake --build --preset $(PRESET) --target bench_statistics
	@test -x $(STATISTICS_VENV)/bin/python || { python3 -m venv $(STATISTICS_VENV) && $(STATISTICS_VENV)/bin/pip install -q numpy scipy statsmodels; }
	@build/$(PRESET)/bench/bench_statistics >build/$(PRESET)/bench/statistics.jsonl
	@$(STATISTICS_VENV)/bin/python scripts/check_statistics.py build/$(PRESET)/bench/statistics.jsonl

# make bench-lock [MODEL=gguf] TEXT=file: held-out divergence as the lock measures it, against llama-perplexity's two passes.
bench-lock: build
	@python3 bench/lock_speed.py --scale build/$(PRESET)/scale --engine "$$(scripts/build_engine.sh --peers)" --model $(MODEL) --text $(TEXT)

bench-rollout: build
	@cmake --build --preset $(PRESET) --target bench_rollout && build/$(PRESET)/bench/bench_rollout

# make bench-gateway [GATEWAY="--rounds 5 --rates 1000,5000 --streams 9000 --litellm PROGRAM"]: our gateway, HAProxy and nginx in
# front of one mock server; not part of `bench`, it wants a quiet machine.
bench-gateway: build
	@scripts/install_packages.sh --bench
	@cmake --build --preset $(PRESET) --target bench_mock_upstream bench_load
	@python3 bench/gateway/run.py --scale build/$(PRESET)/scale --bench build/$(PRESET)/bench $(GATEWAY)

# make bench-arms MODEL=gguf: two servers on the same cores (docs/measurements/arms.md).
bench-arms: build
	@python3 bench/gateway/arms.py --scale build/$(PRESET)/scale --model $(MODEL)

# make bench-waits TEXT=file [MODEL=gguf]: what it costs and saves that a worker's threads spin only briefly.
bench-waits: build
	@python3 bench/worker_waits.py --scale build/$(PRESET)/scale --model $(MODEL) --text $(TEXT)

# make bench-quantizer CALIBRATION=text FOREIGN=text [MODEL=gguf TYPES=Q4_K_S,Q2_K ALLOCATION=1]: not part of `bench`, it needs texts.
MODEL ?= tests/data/tiny-256/tiny-256.f16.gguf
TYPES ?= Q4_K_S,Q3_K_S,Q2_K
bench-quantizer: build
	@cmake --build --preset $(PRESET) --target bench_quantizer && build/$(PRESET)/bench/bench_quantizer $(if $(ALLOCATION),--allocation) $(MODEL) $(TYPES) $(CALIBRATION) 24576 8192 build/$(PRESET)/bench/quantizer $(FOREIGN)

# bench/texts.py DATA FOLDER makes such texts from ../shared/data.
# make bench-quantize CALIBRATION=text FOREIGN="text text" [MODEL=gguf TYPES=… ROUNDING=tuned TYPES_BY=stock]: `scale
# quantize` against llama-imatrix and llama-quantize as programs; results in build/$(PRESET)/bench/peers.
ROUNDING ?= refined
TYPES_BY ?= searched
bench-quantize: build
	@cmake --build --preset $(PRESET) --target bench_file_divergence
	@python3 bench/quantizer_peers.py --scale build/$(PRESET)/scale --divergence build/$(PRESET)/bench/bench_file_divergence \
	  --engine "$$(scripts/build_engine.sh --peers)" --model $(MODEL) --calibration $(CALIBRATION) --types $(TYPES) \
	  --rounding $(ROUNDING) --allocation $(TYPES_BY) --foreign $(FOREIGN) --out build/$(PRESET)/bench/peers

# make bench-formats SOURCE=folder CALIBRATION=text FOREIGN="text text" [FORMATS=gptq,awq PEERS="llmcompressor-gptq=PYTHON
# gptqmodel=PYTHON"]: checkpoints for GPU servers against those of other quantisers (bench/peer_checkpoint.py).
FORMATS ?= gptq,w4a16,w4a16-asym,awq,w8a8
bench-formats: build
	@cmake --build --preset $(PRESET) --target bench_file_divergence bench_decode_checkpoint
	@python3 bench/formats.py --scale build/$(PRESET)/scale --divergence build/$(PRESET)/bench/bench_file_divergence \
	  --decode build/$(PRESET)/bench/bench_decode_checkpoint --source $(SOURCE) --calibration $(CALIBRATION) \
	  --foreign $(FOREIGN) --formats $(FORMATS) $(foreach peer,$(PEERS),--peer $(peer)) --out build/$(PRESET)/bench/formats

# make bench-redaction LABELLED=presidio-research's synth_dataset_v2.json; make bench-refresh BANKING="train.csv test.csv"
# [SGD="dialogues.json …"]: they need those sets (docs/measurements/redaction.md, refresh-simulation.md).
bench-redaction: build
	@cmake --build --preset $(PRESET) --target bench_redaction && build/$(PRESET)/bench/bench_redaction $(LABELLED) odd

bench-refresh: build
	@cmake --build --preset $(PRESET) --target bench_refresh && build/$(PRESET)/bench/bench_refresh $(BANKING) $(SGD)

# make bench-ablation DATA=folder [SEEDS=5]; make bench-suffering DATA=folder: need banking77/, sgd/, self_instruct/ and
# arena_hard/ there (docs/measurements/calibration-ablation.md, refresh-simulation.md). One thread each.
SEEDS ?= 5
bench-ablation: build
	@cmake --build --preset $(PRESET) --target bench_ablation && nice build/$(PRESET)/bench/bench_ablation $(MODEL) $(DATA) build/$(PRESET)/bench/ablation $(SEEDS)

bench-suffering: build
	@cmake --build --preset $(PRESET) --target bench_suffering && nice build/$(PRESET)/bench/bench_suffering $(MODEL) $(DATA) build/$(PRESET)/bench/suffering

# make bench-assemble [LINES="1000000 10000000"]: reading long logs.
LINES ?= 1000000
bench-assemble: build
	@nice python3 bench/assemble_stream.py --scale build/$(PRESET)/scale $(LINES)

format:
	@scripts/install_packages.sh --format
	@git ls-files '*.cpp' '*.h' | xargs clang-format-14 -i

fuzz:
	@scripts/install_packages.sh --fuzz
	@fuzz/run.sh

# make docs: build/docs/site/index.html
docs: build
	@scripts/build_docs.sh build/$(PRESET)/scale build/docs

# make install [DESTDIR=stage] [PREFIX=folder]
PREFIX ?= /usr/local
install: build
	@DESTDIR="$(DESTDIR)" cmake --install build/$(PRESET) --prefix "$(PREFIX)"

# make package: build/$(PRESET)/scale_*.deb and .tar.gz; SCALE_ENGINE_CPU=x86-64-v3 makes them for any such processor.
package: build
	@scripts/install_packages.sh --package
	@cd build/$(PRESET) && cpack --config CPackConfig.cmake >cpack.log || { cat cpack.log; exit 1; }
	@ls build/$(PRESET)/scale[-_]*.deb build/$(PRESET)/scale-*.tar.gz

clean:
	@rm -rf build
