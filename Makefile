# Needs make and Python 3.11, 3.12 or 3.13; every target installs what else it needs in .venv.
# Python 3.14 works for `make serve` only: TensorFlow, which tests and training need, has no release for it yet.
HOST ?= 127.0.0.1
PORT ?= 8000
ARGS ?=
# Processes of `make test`: on two cores one more than cores, because tests wait for servers, browsers and time limits.
JOBS ?= 3
VENV ?= .venv
# The first of these that is Python 3.11 or newer is used; PYTHON=/path/to/python overrides the list.
PYTHON ?= python3.13 python3.12 python3.11 python3

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Tests start hundreds of Python processes, each of which would compile all modules that it imports.
unexport PYTHONDONTWRITEBYTECODE
# Local wheels must not end up in the lock files.
COMPILE := env -u PIP_FIND_LINKS -u PIP_EXTRA_INDEX_URL -u PIP_INDEX_URL $(BIN)/uv pip compile --no-config --quiet \
	--universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-header pyproject.toml

# Only some targets need these, so they are installed in a second step on top of .venv.
MUTATION := cosmic-ray==8.7.0 --with coverage==7.17.4

.DEFAULT_GOAL := help
.PHONY: help serve install test check format bench mutants train image lock clean

help: ## List the targets
	@echo "make TARGET"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '  %-8s %s\n' $$name "$$text"; done

serve: $(VENV)/.serve ## Start the service on http://HOST:PORT, by default http://127.0.0.1:8000
	@exec $(BIN)/python -m app serve --host $(HOST) --port $(PORT)

install: $(VENV)/.dev ## Install all packages in .venv, including those for training and tests (3 GB)
	@echo "$(VENV) has all packages"

test: $(VENV)/.dev ## Run the tests in JOBS processes; ARGS="-k batch" goes to pytest
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(VENV)/.dev ## Lint, format, types, imports, tests: everything that CI runs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory test

format: $(VENV)/.dev ## Format the code and fix what the linter can fix
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev ## Run the benchmarks; ARGS goes to python -m benchmarks
	$(BIN)/python -m benchmarks $(ARGS)

mutants: $(VENV)/.dev ## Mutation testing; ARGS="app/classifier --places 10" goes to tests/mutants.py
	@VIRTUAL_ENV="$(abspath $(VENV))" $(BIN)/uv run --no-project --no-config --quiet --with $(MUTATION) \
		python tests/mutants.py $(ARGS)

train: $(VENV)/.dev ## Train; ARGS="--recipe book --output models/mine/1" goes to python -m training train
	$(BIN)/python -m training train $(ARGS)

image: ## Build the container image reuters-topics, tagged with the version and with latest
	docker build --tag reuters-topics:$(shell sed -n 's/^VERSION = "\(.*\)"/\1/p' app/__init__.py) --tag reuters-topics:latest .

lock: $(VENV)/.dev ## Regenerate requirements/ from pyproject.toml; ARGS=--upgrade takes newer releases
	$(COMPILE) --extra dev --output-file requirements/dev.txt $(ARGS)
	$(COMPILE) --extra train --constraint requirements/dev.txt --output-file requirements/train.txt $(ARGS)
	$(COMPILE) --constraint requirements/dev.txt --output-file requirements/serve.txt $(ARGS)
	$(COMPILE) --extra otel --constraint requirements/dev.txt --output-file requirements/otel.txt $(ARGS)

clean: ## Remove .venv and all caches
	rm -rf $(VENV) .benchmarks .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp file is written last, so that an interrupted installation is repeated.
$(VENV)/.made:
	@for python in $(PYTHON); do \
		if "$$python" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "Setting up $(VENV) with $$("$$python" --version)"; \
			"$$python" -m venv --clear $(VENV) && touch $@ && exit 0; exit 1; \
		fi; \
	done; \
	echo "make: none of '$(PYTHON)' is Python 3.11 or newer with venv; install one (Debian: apt install python3-venv) or set PYTHON=/path/to/python." >&2; \
	exit 1

$(VENV)/.serve: requirements/serve.txt $(VENV)/.made
	@echo "Installing the packages of the service (150 MB), which takes a minute"
	@$(PIP) install --require-hashes --requirement $<
	@touch $@

# uv takes a quarter of pip's time, but does not read pip's configuration, which may name a mirror: then pip installs.
$(VENV)/.dev: requirements/dev.txt $(VENV)/.made
	@echo "Installing the packages for tests and training, including TensorFlow (3 GB), which takes a minute or more"
	@sed -n '/^uv==/,/[^\\]$$/p' $< >$(VENV)/uv.txt && $(PIP) install --require-hashes --requirement $(VENV)/uv.txt
	@VIRTUAL_ENV="$(abspath $(VENV))" $(BIN)/uv pip install --quiet --require-hashes --requirement $< || \
		{ echo "uv failed; pip installs instead, which takes longer"; $(PIP) install --require-hashes --requirement $<; }
	@touch $(VENV)/.serve $@
