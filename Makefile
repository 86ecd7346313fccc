# make demo    the real shop, from nothing to http://127.0.0.1:8000 (PORT= changes that)
# make serve   serve what was trained last
# make test    all tests
#
# Everything is installed into .venv; a second run installs nothing.

VENV := .venv
BIN := $(VENV)/bin
DEMO := .demo
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input
.DEFAULT_GOAL := help

.PHONY: help demo serve evaluate test lint format docs docs-check chromium clean

help:
	@echo 'make demo       the real shop: install, load, train, serve at http://127.0.0.1:8000 (PORT= changes it)'
	@echo 'make serve      serve what was trained last'
	@echo 'make evaluate   compare the model with simple ones on the last 8 weeks'
	@echo 'make test       all tests'
	@echo 'make lint       ruff, mypy, import contracts'
	@echo 'make format     let ruff format the code'
	@echo 'make docs       write the generated parts of docs/'
	@echo 'make clean      delete .venv, .demo and caches'

demo: $(VENV)/.demo
	@$(BIN)/daogou demo --home $(DEMO)

serve: $(VENV)/.demo
	@$(BIN)/daogou serve --home $(DEMO)

evaluate: $(VENV)/.demo
	@$(BIN)/daogou evaluate --home $(DEMO)

test: $(VENV)/.dev chromium
	$(BIN)/python -m pytest

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --explicit-package-bases src tests benchmarks docs
	$(BIN)/lint-imports --no-cache

format: $(VENV)/.dev
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

docs: $(VENV)/.dev
	$(BIN)/python docs/generate.py

docs-check: $(VENV)/.dev
	$(BIN)/python docs/generate.py --check
	$(BIN)/python -m pytest tests/test_house.py

chromium: $(VENV)/.dev
	@.ci/chromium $(BIN)/playwright

clean:
	rm -rf $(VENV) $(DEMO) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# The first Python that is new enough and can make an environment.
$(VENV)/.made:
	@for python in $(PYTHON) python3.11 python3.12 python3.13 python3; do \
	  if $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "Making .venv with $$($$python --version)"; \
	    $$python -m venv $(VENV) && touch $@; exit; \
	  fi; \
	done; \
	echo 'Daogou needs Python 3.11 or newer with venv, and none was found.' >&2; \
	echo 'Install it (Debian, Ubuntu: apt-get install python3 python3-venv), or name one: make PYTHON=/path/to/python3.12 ...' >&2; \
	exit 1

$(VENV)/.serve: $(VENV)/.made pyproject.toml
	@echo 'Installing what serving needs (1 of 2) ...'
	@$(PIP) --editable .
	@touch $@

$(VENV)/.demo: $(VENV)/.serve
	@echo 'Installing what training and the demo need (2 of 2); torch is large, this takes a few minutes ...'
	@$(PIP) --editable '.[demo]'
	@touch $@

$(VENV)/.dev: $(VENV)/.demo
	@echo 'Installing what the tests need ...'
	@$(PIP) --editable '.[dev]'
	@touch $@
