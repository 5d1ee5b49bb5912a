# The environment, the first answer, and the tests. Needs CPython 3.11 or later, pip and make.

PYTHON ?= python3
PHONES ?= pixel4 pixel6 pixel8
VENV := .venv
BIN := $(VENV)/bin

.PHONY: bench test check axe benchmarks parity lab lab-up clean

bench: $(VENV)/.installed  ## build the models, measure them here, check the claims, write the report
	$(BIN)/mbert-bench run --device host

test: $(VENV)/.installed-dev  ## run the tests
	$(BIN)/pytest

check: $(VENV)/.installed-dev  ## style, types and the direction of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

axe: tests/browser/node_modules  ## install the accessibility check of the browser tests; needs npm

benchmarks: $(VENV)/.installed-dev  ## measure the harness itself; takes some minutes
	$(BIN)/python tests/benchmarks/startup.py
	$(BIN)/python tests/benchmarks/build_memory.py
	$(BIN)/python tests/benchmarks/overhead.py
	$(BIN)/python tests/benchmarks/matrix_product.py
	$(BIN)/python tests/benchmarks/phone_overhead.py
	$(BIN)/python tests/benchmarks/link.py
	$(BIN)/python tests/benchmarks/push.py
	$(BIN)/python tests/benchmarks/report_20000.py

parity: $(VENV)/.installed-dev  ## how near built models come to PyTorch; takes some minutes
	$(BIN)/python tests/benchmarks/parity.py 2>/dev/null

lab: $(VENV)/.installed-dev  ## build the file system of the phones that the tests use (tests/lab)
	cd tests && ../$(BIN)/python -m lab build

lab-up: $(VENV)/.installed-dev  ## phones to try things on: make lab-up PHONES="pixel4 pixel8"
	cd tests && ../$(BIN)/python -m lab up $(PHONES)

clean:
	rm -rf $(VENV)

# No lock file: it would name the host of an index.
tests/browser/node_modules: tests/browser/package.json
	npm install --prefix tests/browser --no-save --no-package-lock --no-audit --no-fund --ignore-scripts
	touch $@

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "mbert-bench needs Python 3.11")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@
