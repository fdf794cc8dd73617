# Each target sets up .venv by itself; nothing but Python 3.11 or newer and make is needed.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# Tests need more than the rest: see the extras in pyproject.toml.
READY_TO_TEST := .venv/.ready-to-test
# The stack of the Keras 2 articles; its packages exist for Python 3.11 and older.
LEGACY_PYTHON ?= $(shell command -v python3.11 || echo $(PYTHON))
LEGACY := .venv-legacy/bin
READY_LEGACY := .venv-legacy/.ready

export TF_CPP_MIN_LOG_LEVEL ?= 3

.PHONY: help bench demo figures legacy lint notebooks test test-fast test-wheel clean

help:
	@echo "make demo       convert a bundled utterance, check the models against PyTorch"
	@echo "make figures    measure the bundled checkpoints: tables, sound, picture; speech from \$$TFVC_REAL_DATA"
	@echo "make bench      how fast tfvc is beside PyTorch and stock Keras: table, build/bench.json"
	@echo "make notebooks  run the notebooks anew, and write them with their outputs"
	@echo "make test       every check and test"
	@echo "make test-fast  the tests that take seconds"
	@echo "make legacy     compute with the articles' own TF 2.15, addons and io again what the tests compare with"
	@echo "make test-wheel the wheel in an empty environment, used as a newcomer would; from the package index"
	@echo "make lint       ruff, and which way imports point"
	@echo "make clean      remove .venv and what was built"

$(READY): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "tfvc needs Python 3.11 or newer; name one with PYTHON=")'
	$(PYTHON) -m venv .venv
	@rm -rf tfvc.egg-info  # of another build backend; found before the installed one, it would hide new entry points
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[torch]'
	@touch $@

$(READY_TO_TEST): $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[torch,test]'
	@touch $@

$(READY_LEGACY): pyproject.toml
	$(LEGACY_PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11) and "the packages of the articles need Python 3.11; name one with LEGACY_PYTHON=")'
	$(LEGACY_PYTHON) -m venv .venv-legacy
	$(LEGACY)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(LEGACY)/python -m pip install --quiet --disable-pip-version-check --group legacy
	@touch $@

demo: $(READY)
	$(BIN)/tfvc demo

figures: $(READY_TO_TEST)
	$(BIN)/tfvc fetch ge2e
	$(BIN)/tfvc evaluate --protocol checkpoints/protocol.toml --out figures

# On an otherwise idle machine: seven minutes.
bench: $(READY_TO_TEST)
	$(BIN)/tfvc fetch ge2e
	$(BIN)/python -m parity_tests.speed

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

test-wheel: $(READY_TO_TEST)
	$(BIN)/python -m parity_tests.shipping

# Goldens and weight files anew; are they what is kept, and does what Keras 2 really saved import as the tests say?
legacy: $(READY_LEGACY) $(READY_TO_TEST)
	rm -rf build/legacy
	OMP_NUM_THREADS=1 $(LEGACY)/python -W ignore -m parity_tests.legacy.keras2 build/legacy
	$(BIN)/python -m parity_tests.legacy build/legacy
	TFVC_LEGACY_FILES=build/legacy $(PYTEST) parity_tests/legacy

lint: $(READY_TO_TEST)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	PYTHONPATH=.ci $(BIN)/lint-imports --no-cache

clean:
	rm -rf .venv .venv-legacy build demo figures *.egg-info
