# Everything runs in a virtual environment of its own, made on first use.
PYTHON ?= python3
VENV ?= .venv
STAMP = $(VENV)/.installed
BIN = $(VENV)/bin

# Where `make web` serves.
PORT ?= 8000

# Tests run side by side; a file's share what it sets up.
WORKERS ?= 2
# How many times their usual work the hard tests do.
EFFORT ?= 1
# The tools that keep the pins have an environment of their own.
export TOOLS ?= $(VENV)-tools
TOOLS_STAMP = $(TOOLS)/.installed
# `make pins UPGRADE=--upgrade` takes newer versions than the pinned ones.
UPGRADE ?=
# The versions of Python that `make test-pythons` tries, one after the other.
PYTHONS ?= 3.11 3.12 3.13
PIP_INSTALL = pip install --quiet --disable-pip-version-check
PYTEST = $(BIN)/python -m pytest -q --numprocesses $(WORKERS) --dist loadfile

export TF_CPP_MIN_LOG_LEVEL ?= 2

# What the JavaScript tests need; without npm they are reported as skipped.
WEB = export/web
WEB_STAMP = $(WEB)/node_modules/.package-lock.json

.PHONY: help install demo web test test-slow test-all test-hard test-pythons lint format pins audit dist clean

help:
	@echo "make demo      train on the embedded doodles, draw and export: demo_out/"
	@echo "make web       serve the demo's page: draw, and the model draws on"
	@echo "make test      run the tests but the slow ones"
	@echo "make test-slow  run the slow ones"
	@echo "make test-all  run both"
	@echo "make test-hard break things on purpose, for some minutes; EFFORT=10 for longer"
	@echo "make test-pythons  install the wheel under $(PYTHONS) and run the core's tests"
	@echo "make lint      check style and format"
	@echo "make format    format the code"
	@echo "make pins      pin what requirements/*.in ask for, with hashes; UPGRADE=--upgrade for newer"
	@echo "make audit     ask whether pinned versions have known vulnerabilities"
	@echo "make dist      build the wheel and the sdist of the last commit: dist/"
	@echo "make clean     remove the environment and what the demo wrote"

install: $(STAMP)

# What builds comes first, and builds are not isolated: a package that is
# offered as an sdist alone would else be built with an unpinned setuptools.
$(STAMP): requirements.txt requirements/build.txt setup.py
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "sketch_rnn_tf: expected Python 3.11 or later, got " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/$(PIP_INSTALL) --require-hashes --only-binary :all: -r requirements/build.txt
	$(BIN)/$(PIP_INSTALL) --require-hashes --no-build-isolation -r requirements.txt
	$(BIN)/$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

$(TOOLS_STAMP): requirements/tools.txt
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/$(PIP_INSTALL) --require-hashes --only-binary :all: -r requirements/tools.txt
	@touch $(TOOLS_STAMP)

$(WEB_STAMP): $(WEB)/package.json $(WEB)/package-lock.json
	@if command -v npm > /dev/null; then cd $(WEB) && npm ci --silent && touch node_modules/.package-lock.json; \
	else echo "npm is not here: the tests of the JavaScript library are left out"; fi

demo: $(STAMP)
	$(BIN)/sketch-rnn demo --out demo_out

web:
	@test -f demo_out/page/index.html || { echo "expected demo_out/page: run make demo first"; exit 2; }
	@echo "open http://127.0.0.1:$(PORT)/"
	$(PYTHON) -m http.server --bind 127.0.0.1 --directory demo_out/page $(PORT)

test: $(STAMP) $(WEB_STAMP)
	$(PYTEST) -rs -m "not slow and not hard"

test-slow: $(STAMP) $(WEB_STAMP)
	$(PYTEST) -rs -m slow

test-all: test test-slow

test-hard: $(STAMP) $(WEB_STAMP) $(TOOLS_STAMP)
	$(PYTEST) -rs -m hard tests/hard --effort $(EFFORT)

test-pythons: $(TOOLS_STAMP)
	$(TOOLS)/bin/nox --pythons $(PYTHONS)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

pins: $(TOOLS_STAMP)
	$(TOOLS)/bin/python -m supply_chain.pinning $(UPGRADE)
	$(TOOLS)/bin/python -m supply_chain.dependencies

audit: $(TOOLS_STAMP)
	$(TOOLS)/bin/python -m supply_chain.audit

dist: $(STAMP)
	$(BIN)/python -m supply_chain.distribution --out dist

clean:
	rm -rf $(VENV) $(TOOLS) .nox demo_out build dist *.egg-info
