# The commands of the house. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
export PYTHONDONTWRITEBYTECODE :=
.DEFAULT_GOAL := help

.PHONY: help run reset test check format bench mutants fuzz install install-dev lock clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

run: $(VENV)/.installed ## start the service with the simulator, the demo brand and the console (ARGS="--now 2026-11-22T10:00:00+08:00")
	@$(BIN)/python main.py simulate $(ARGS)

reset: $(VENV)/.installed ## throw the demo away and start it over
	@$(BIN)/python main.py simulate --reset $(ARGS)

test: $(VENV)/.installed-dev ## run the tests; PostgreSQL too where one answers (LAOYOU_TEST_POSTGRES_URL)
	@$(BIN)/python -m pytest -q -n 4 --dist worksteal $(ARGS)

check: $(VENV)/.installed-dev ## format, lint, types, floors, tests
	@$(BIN)/ruff format --check . && $(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(MAKE) --no-print-directory test

format: $(VENV)/.installed-dev ## write the house format
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

bench: $(VENV)/.installed-dev ## print the figures, as ratios within one run
	@$(BIN)/python -m bench $(ARGS)

mutants: $(VENV)/.installed-dev ## break our own code on purpose; the tests must notice
	@$(BIN)/python -m bench.mutants $(ARGS)

fuzz: $(VENV)/.installed-dev ## coverage-guided fuzzing of the WeCom edge (ARGS=seconds a target)
	@$(BIN)/python -m bench.fuzz $(ARGS)

install: $(VENV)/.installed ## install what the service needs
install-dev: $(VENV)/.installed-dev ## install what the tests need too

lock: $(VENV)/.installed-dev ## resolve the lock files anew
	@$(BIN)/uv pip compile pyproject.toml --generate-hashes --no-header --no-annotate --universal -q -o requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --group dev --generate-hashes --no-header --no-annotate --universal -q -o requirements-dev.lock
	@grep '^uv==' requirements-dev.lock | cut -d' ' -f1 | $(BIN)/uv pip compile - --generate-hashes --no-header --no-annotate --universal -q -o requirements-uv.lock
	@echo 'lifetimes==0.11.3' | $(BIN)/uv pip compile - --no-deps --generate-hashes --no-header --no-annotate -q -o requirements-data.lock

clean: ## remove the virtual environment and caches
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# uv installs in a fraction of pip's time; it comes by pip, and where it does not get along pip does the same with more patience.
define install
	@test -x $(BIN)/python || $(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; try make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing $(1)"
	@test -x $(BIN)/uv || $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-uv.lock || true
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r $(1) \
	  || { echo "by pip, two to three minutes the first time" && $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r $(1); }
endef

$(VENV)/.installed: requirements.lock requirements-uv.lock
	$(call install,requirements.lock)
	@touch $@

$(VENV)/.installed-dev: requirements.lock requirements-dev.lock requirements-data.lock requirements-uv.lock
	$(call install,requirements-dev.lock)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements-data.lock
	@touch $@ $(VENV)/.installed
