# Two commands are enough on a fresh machine: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MONKEY := tests/workstation/session/test_monkey.py

.PHONY: run test lint bench soak package bundle system clean

run: $(VENV)/.ready system
	$(BIN)/workstation demo

test: $(VENV)/.dev system
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -n 2 --dist worksteal

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev system
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m tests.bench

soak: $(VENV)/.dev
	@sh .ci/system.sh screen
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -m soak --timeout=3600 --deselect $(MONKEY)
	QT_QPA_PLATFORM=xcb xvfb-run -a -s "-screen 0 1920x1080x24" $(BIN)/python -m pytest -m soak $(MONKEY)

package: $(VENV)/.dev
	$(BIN)/python -m build

bundle: $(VENV)/.dev system
	$(BIN)/pyinstaller --noconfirm --log-level WARN resources/packaging/workstation.spec

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.11 run"; exit 1; }
	@$(PYTHON) -m venv $(VENV) 2>/dev/null || sh .ci/venv.sh $(PYTHON) $(VENV)

$(VENV)/.ready: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/.ready

system: | $(VENV)/bin/python
	@sh .ci/system.sh

clean:
	rm -rf $(VENV) build dist bench.json
