# Each target sets up .venv by itself; nothing but Python 3.11 or newer and make is needed.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# Tests need more than the rest: see the extras in pyproject.toml.
READY_TO_TEST := .venv/.ready-to-test

export TF_CPP_MIN_LOG_LEVEL ?= 3

.PHONY: help demo figures notebooks test test-fast lint clean

help:
	@echo "make demo       convert a bundled utterance, check the models against PyTorch"
	@echo "make figures    measure the bundled checkpoints: tables, sound, picture; speech from \$$TFVC_REAL_DATA"
	@echo "make notebooks  run the notebooks anew, and write them with their outputs"
	@echo "make test       every check and test"
	@echo "make test-fast  the tests that take seconds"
	@echo "make lint       ruff"
	@echo "make clean      remove .venv and what was built"

$(READY): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "tfvc needs Python 3.11 or newer; name one with PYTHON=")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[torch]'
	@touch $@

$(READY_TO_TEST): $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[torch,test]'
	@touch $@

demo: $(READY)
	$(BIN)/tfvc demo

figures: $(READY_TO_TEST)
	$(BIN)/tfvc fetch ge2e
	$(BIN)/tfvc evaluate --protocol checkpoints/protocol.toml --out figures

notebooks: $(READY_TO_TEST)
	$(BIN)/python -m notebooks.execute

# Two processes at a time, of one thread each: much of a test is the tracing of graphs, which uses one core, and threads
# that wait for each other by spinning, as OpenMP's do, would take the cores from those that work.
PYTEST := OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1 \
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

# The speaker encoder is fetched beforehand, so that the two do not both fetch it.
test: lint
	$(BIN)/tfvc fetch ge2e
	$(PYTEST)

test-fast: $(READY_TO_TEST)
	$(PYTEST) -m "not slow"

lint: $(READY_TO_TEST)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

clean:
	rm -rf .venv build demo figures *.egg-info
