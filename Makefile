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
PYTEST = $(BIN)/python -m pytest -q --numprocesses $(WORKERS) --dist loadfile

export TF_CPP_MIN_LOG_LEVEL ?= 2

# What the JavaScript tests need; without npm they are reported as skipped.
WEB = export/web
WEB_STAMP = $(WEB)/node_modules/.package-lock.json

.PHONY: help install demo web test test-all test-hard lint format clean

help:
	@echo "make demo      train on the embedded doodles, draw and export: demo_out/"
	@echo "make web       serve the demo's page: draw, and the model draws on"
	@echo "make test      run the tests but the slow ones"
	@echo "make test-all  run all tests"
	@echo "make test-hard break things on purpose, about 20 minutes; EFFORT=10 for longer"
	@echo "make lint      check style and format"
	@echo "make format    format the code"
	@echo "make clean     remove the environment and what the demo wrote"

install: $(STAMP)

$(STAMP): requirements.txt setup.py
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "sketch_rnn_tf: expected Python 3.11 or later, got " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

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

test-all: $(STAMP) $(WEB_STAMP)
	$(PYTEST) -rs -m "not hard"

test-hard: $(STAMP) $(WEB_STAMP)
	$(PYTEST) -rs -m hard tests/hard --effort $(EFFORT)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) demo_out build dist *.egg-info
