# Two commands do everything: make run, make test. Each makes .venv and installs what it needs, once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test test-real-data check lint fuzz clean

run: $(VENV)/run.done
	$(BIN)/streamlit run app.py

test: $(VENV)/test.done
	$(BIN)/python -m pytest

# what needs MovieLens 1M: BST_DATA_DIR=/the/folder/that/holds/ml-1m make test-real-data
test-real-data: $(VENV)/test.done
	$(BIN)/python -m pytest -m real_data

# what any file, link, argument or variable may lead to; make fuzz INPUTS=500 DOORS="links imports" for a part of it
INPUTS ?= 10000
fuzz: $(VENV)/test.done
	$(BIN)/python -m tests.fuzz --inputs $(INPUTS) $(DOORS)

# a quick look, in less than two minutes
check: lint
	$(BIN)/python -m pytest -m "not slow"

lint: $(VENV)/test.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/vulture

# a file that stands for "installed": made anew when the requirements change
$(VENV)/run.done: requirements.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "BST Studio needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/test.done: requirements-dev.txt $(VENV)/run.done
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis runs data/demo/world
