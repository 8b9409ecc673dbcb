# make demo   installs into .venv and runs the demo: prefixes trained on the embedded backbone, scored, and read aloud
# make test   installs into .venv and runs every check: style, types, tests
PYTHON ?= python3

.PHONY: demo test lint types unit clean

demo: .venv/demo
	.venv/bin/foreword demo --out runs/demo

test: lint types unit

lint: .venv/dev
	.venv/bin/ruff check src tests scripts benchmarks
	.venv/bin/ruff format --check src tests scripts benchmarks

types: .venv/dev
	.venv/bin/pyright --pythonpath .venv/bin/python

# One thread a process: two test processes that each want every core slow each other tenfold.
unit: .venv/dev
	OMP_NUM_THREADS=1 .venv/bin/python -m pytest -n 2 -rs

.venv/demo: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Foreword needs Python 3.11 or newer; set PYTHON=python3.12, say"'
	test -x .venv/bin/python || $(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

.venv/dev: .venv/demo
	.venv/bin/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

clean:
	rm -rf .venv build dist
