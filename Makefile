# make demo    a virtual environment, then the main job: a TensorFlow 1 program trains on digits
# make test    a virtual environment, then all tests
# make smoke   the quick tests (< 10 s once the environment is there)
# make lint    ruff and mypy
# PYTHON=python3.12 chooses the interpreter, VENV=dir the environment's place, JOBS=n the test
# processes.

VENV ?= .venv
JOBS ?= 2
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' >/dev/null 2>&1 && echo $$p && break; done)
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --quiet

.PHONY: demo test smoke lint clean

demo: $(VENV)/.demo
	$(VENV)/bin/evergraph run examples/digits.py

test: $(VENV)/.test
	$(PY) -m pytest -n $(JOBS) $(PYTEST_ARGS)

smoke: $(VENV)/.test
	$(PY) -m pytest -q -m smoke $(PYTEST_ARGS)

lint: $(VENV)/.dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "evergraph needs Python 3.11, 3.12 or 3.13 with its venv module (on Debian: apt-get install python3-venv); set PYTHON=... if it is elsewhere." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# One stamp a set of extras; a changed pyproject.toml installs again.
$(VENV)/.demo: pyproject.toml | $(VENV)/bin/python
	$(PIP) install -e '.[examples,py2]'
	@touch $@

$(VENV)/.test: pyproject.toml | $(VENV)/bin/python
	$(PIP) install -e '.[test]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	$(PIP) install -e '.[test,dev]'
	@touch $@

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
