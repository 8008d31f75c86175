# One word each; "make" alone lists them. Needs Python 3.11 or newer (with venv), and make.
# make run PORT=8502 takes another port; make run PYTHON=/path/to/python another Python.

PORT ?= 8501
PYTHON ?= $(shell for name in python3.11 python3 python3.12 python3.13 python; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$name"; break; }; done)
VENV := .venv
# Always "python -m": the scripts beside it hold the folder's path, and the folder may be moved.
BIN := $(VENV)/bin

.PHONY: help run test check fast lint audit lock sample

help:
	@echo "make run     start the program at http://127.0.0.1:$(PORT)"
	@echo "make test    all tests that can run here; what is skipped says why"
	@echo "make check   format, lint, types and the fast tests"
	@echo "make fast    only the fast tests: no model, no browser"
	@echo "make audit   known vulnerabilities of the pinned packages (asks a public database)"
	@echo "make lock    pin the newest versions that pyproject.toml allows"
	@echo "make sample  draw the sample document again"

run: $(VENV)/run.stamp
	@$(BIN)/python scripts/free_port.py $(PORT)
	@echo "Sleep-Time Chat starts at http://127.0.0.1:$(PORT) - open it in a browser; Ctrl+C here ends it."
	@exec $(BIN)/python -m streamlit run app.py --server.port $(PORT) --server.address 127.0.0.1

test: $(VENV)/dev.stamp
	@$(BIN)/python -m pytest

check: lint fast

lint: $(VENV)/dev.stamp
	@$(BIN)/python -m ruff format --check .
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m mypy

fast: $(VENV)/dev.stamp
	@$(BIN)/python -m pytest -m "not model and not browser"

audit: $(VENV)/dev.stamp
	@$(BIN)/python -m pip_audit --requirement requirements.txt --no-deps --disable-pip --strict || { \
		echo "Not clean: a vulnerability was found, or the database at pypi.org could not be asked; see above."; exit 1; }

sample: $(VENV)/dev.stamp
	@$(BIN)/python scripts/make_sample.py

lock:
	@rm -rf .venv-lock && $(PYTHON) -m venv .venv-lock
	@.venv-lock/bin/python -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb')); \
		print(*p['project']['dependencies'], *p['dependency-groups']['dev'], sep='\n')" > .venv-lock/wanted.txt
	@.venv-lock/bin/python -m pip install --disable-pip-version-check -r .venv-lock/wanted.txt
	@.venv-lock/bin/python scripts/lock.py
	@rm -rf .venv-lock

# The stamps are made last, so an installation that was cut short goes on with the next call.
$(VENV)/run.stamp: requirements.txt
	@sh scripts/install.sh "$(PYTHON)" $(VENV) requirements.txt
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt requirements.txt
	@sh scripts/install.sh "$(PYTHON)" $(VENV) requirements-dev.txt
	@touch $@ $(VENV)/run.stamp
