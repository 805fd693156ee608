# Everything a newcomer needs: `make run` and `make test`. Python 3.11+, git and make suffice.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
JOBS ?= auto
CLIENT := plugins/a_parallel_plugins/web/client
CLIENT_SOURCES := $(shell find $(CLIENT) -name node_modules -prune -o -type f -print)

.PHONY: run dev demo test bench faults lint format clean install install-dev

run: install
	@$(BIN)/a-parallel $(ARGS)

dev: install-dev
	@$(BIN)/python -m tools.dev $(ARGS)

demo: install
	@$(BIN)/a-parallel demo $(ARGS)

# Types are checked while the tests wait for servers and browsers; either failure counts.
test: install-dev
	@$(MAKE) --no-print-directory lint & lint=$$!; \
	    $(BIN)/python -m pytest -n $(JOBS) --dist loadgroup $(ARGS); tests=$$?; \
	    wait $$lint && exit $$tests

bench: install-dev
	@$(BIN)/python -m bench $(ARGS)

faults: install-dev
	@$(BIN)/python -m faults $(ARGS)

lint: install-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: install-dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

install: $(VENV)/installed
install-dev: $(VENV)/installed-dev

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one with make PYTHON=…")'
	@echo "Creating the environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --quiet --upgrade pip

$(VENV)/installed: pyproject.toml hatch_build.py $(CLIENT_SOURCES) | $(VENV)/bin/python
	@echo "Installing a-parallel"
	@$(PIP) install --quiet --editable .
	@touch $@

# The client's packages come, all at once, while pip works; then the client is built.
$(VENV)/installed-dev: pyproject.toml hatch_build.py $(CLIENT_SOURCES) | $(VENV)/bin/python
	@echo "Installing a-parallel and what the tests need"
	@$(BIN)/python -m tools.client install & client=$$!; \
	    A_PARALLEL_SKIP_CLIENT=1 $(PIP) install --quiet --no-compile --editable . --group dev; pip=$$?; \
	    wait $$client && exit $$pip
	@$(BIN)/python -m tools.client build
	@touch $(VENV)/installed $@

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache
