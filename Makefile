# No separate set-up: each target first updates the virtual environment that it needs.

HOST ?= 127.0.0.1
PORT ?= 8001
PYTHON ?= python3
MUTANTS_MINUTES ?= 20

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet
SERVING := $(VENV)/serving
DEVELOPING := $(VENV)/developing
ASKING := $(VENV)/asking
MUTATING := $(VENV)/mutating
# Debian packages that only the long tests and benchmarks need, as PROGRAM:PACKAGE.
TOOLS := nginx:nginx wrk:wrk
INSTALL := sh -c 'sudo=$$([ "$$(id -u)" = 0 ] || echo "sudo -n"); $$sudo apt-get update -qq && \
	$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$$@" >/dev/null' install
PIP_COMPILE := $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras \
	--all-build-deps \
	--no-header --no-emit-index-url --no-emit-find-links --no-emit-trusted-host

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help serve release rollback build try-example test test-long mutants tools lint licences lock schema clean chromium pictures

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

serve: build ## Build the database and serve it (HOST=127.0.0.1 PORT=8001)
	release=$$($(BIN)/python -m deploy.release package) && \
		exec $(BIN)/python -m deploy.serve --host $(HOST) --port $(PORT) --release "$$release"

release: build ## Build and check a release, and have the running servers take it
	$(BIN)/python -m deploy.release publish

rollback: $(SERVING) ## Have the running servers take the release before the current one
	$(BIN)/python -m deploy.release rollback

build: $(SERVING) ## Read and check every disclosure, and build foi.db
	$(BIN)/python -m ingest build

try-example: $(SERVING) ## Build a database of one document of any shape (EXAMPLE=examples/NAME FILE=… DATABASE=example.db)
	$(BIN)/python -m ingest try "$(EXAMPLE)" "$(FILE)" --database "$(or $(DATABASE),example.db)"

test: $(DEVELOPING) chromium ## Run the quick tests
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not long"

test-long: $(DEVELOPING) $(ASKING) tools ## Run the slow tests
	$(BIN)/python -m pytest -n 2 --dist worksteal -m long

# Results of an earlier run would be taken for this one's, so each run starts without them.
mutants: $(MUTATING) ## Plant faults in the pure functions, and list those that no test finds (MUTANTS='ingest.checks.*' MUTANTS_MINUTES=20)
	@rm -rf mutants
	timeout --kill-after=30 $(MUTANTS_MINUTES)m $(BIN)/mutmut run $(MUTANTS:%='%') || [ $$? = 124 ]
	@$(BIN)/mutmut results --all true | awk -F ': ' -v names='$(or $(MUTANTS),*)' '\
		BEGIN { gsub(/[.]/, "[.]", names); gsub(/[*]/, ".*", names); gsub(/ +/, "|", names) } \
		{ sub(/^ +/, "") } \
		$$1 !~ "^(" names ")$$" { next } \
		{ made++; count[$$2]++ } \
		$$2 != "killed" && $$2 != "not checked" { print $$2 ": .venv/bin/mutmut show " $$1 } \
		END { left = count["not checked"] + count["no tests"]; \
			printf "%d mutants, %d tried: %d killed, %d survived, %d timed out, %d ended otherwise\n", made, \
				made - left, count["killed"], count["survived"], count["timeout"], \
				made - left - count["killed"] - count["survived"] - count["timeout"]; \
			printf "%d left out: %d for lack of time, %d because no test runs them\n", left, \
				count["not checked"], count["no tests"] }'

pictures: build $(DEVELOPING) chromium ## Take the README's pictures of the site anew
	$(BIN)/python -m docs.pictures.take

tools: chromium ## Install what the long tests need: Chromium, nginx and wrk (Debian and Ubuntu)
	@missing=$$(for tool in $(TOOLS); do \
		PATH="$$PATH:/usr/sbin" command -v $${tool%%:*} >/dev/null || echo $${tool##*:}; done); \
	[ -z "$$missing" ] || { echo "Installing for the long tests:" $$missing; $(INSTALL) $$missing; } || \
		{ echo "The long tests need more programs: install" $$missing; exit 1; }

lint: $(DEVELOPING) ## Check style, types and what imports what
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo --no-cache

licences: $(DEVELOPING) ## List the licences of what is served in docs/licences.md, and refuse others
	$(BIN)/python -m tests.licences

lock: $(DEVELOPING) ## Pin every dependency again, with hashes, from pyproject.toml (UPGRADE=--upgrade)
	$(PIP_COMPILE) $(UPGRADE) --extra dev --extra cluster --output-file requirements-dev.lock pyproject.toml
	$(PIP_COMPILE) $(UPGRADE) --constraint requirements-dev.lock --output-file requirements.lock pyproject.toml
	$(PIP_COMPILE) $(UPGRADE) --constraint requirements-dev.lock --extra clients --output-file requirements-clients.lock pyproject.toml
	$(PIP_COMPILE) $(UPGRADE) --constraint requirements-dev.lock --extra mutants --output-file requirements-mutants.lock pyproject.toml

schema: $(SERVING) ## Write the schema with which editors check shapes
	$(BIN)/python -m ingest.config.shape

clean: ## Remove everything that was built, including the virtual environment
	rm -rf $(VENV) build dist releases foi.db inspect-data.json .foi.db.building mutants *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The browser tests need Chromium: the one installed, the one named by CHROMIUM=..., or Debian's.
chromium:
	@for name in $${CHROMIUM:-chromium} chromium-browser google-chrome google-chrome-stable; do \
		command -v $$name >/dev/null && exit 0; done; { \
		echo "Installing Debian's chromium for the browser tests"; $(INSTALL) chromium; } || \
		{ echo "The browser tests need a Chromium: install one, or name it with CHROMIUM=..."; exit 1; }

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "This needs Python 3.11 or later as $(PYTHON); name another with PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
		{ echo "This needs Python's venv: on Debian, apt-get install python3-venv"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(SERVING): requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing what serving needs into $(VENV)"
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(DEVELOPING): requirements-dev.lock $(SERVING)
	@echo "Installing what testing needs into $(VENV)"
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

$(ASKING): requirements-clients.lock $(DEVELOPING)
	@echo "Installing the programs that read the site in the long tests into $(VENV)"
	@$(PIP) install --require-hashes -r requirements-clients.lock
	@touch $@

$(MUTATING): requirements-mutants.lock $(DEVELOPING)
	@echo "Installing what mutation testing needs into $(VENV)"
	@$(PIP) install --require-hashes -r requirements-mutants.lock
	@touch $@
