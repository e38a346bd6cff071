# Two commands do everything: make run, make test. Each makes .venv and installs what it needs, once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# exactly what is in a lock, whatever a package index serves by now
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r
# one lock for all systems and all Pythons from 3.11 on
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock" $(UPGRADE)

.PHONY: run test test-all test-real-data check lint lock fuzz pictures scale api clean

run: $(VENV)/run.done
	$(BIN)/streamlit run app.py

test: $(VENV)/test.done
	$(BIN)/python -m pytest -m "not long"

# every test: also the widths, releases and pages between those of make test, and clusters of several processes
test-all: $(VENV)/test.done
	$(BIN)/python -m pytest

# what work past one machine needs, docs/scale.md: its tests are left out where it is not installed
scale: $(VENV)/scale.done

# what needs MovieLens 1M: BST_DATA_DIR=/the/folder/that/holds/ml-1m make test-real-data
test-real-data: $(VENV)/test.done
	$(BIN)/python -m pytest -m real_data

# what any file, link, argument or variable may lead to; make fuzz INPUTS=500 DOORS="links imports" for a part of it
INPUTS ?= 10000
fuzz: $(VENV)/test.done
	$(BIN)/python -m tests.fuzz --inputs $(INPUTS) $(DOORS)

# the pictures of the README, from the browser suite
pictures: $(VENV)/test.done
	$(BIN)/python -m pytest -n 0 tests/browser/test_pictures.py --pictures docs

# a quick look: about three minutes on two cores
check: lint
	$(BIN)/python -m pytest -m "not slow and not long"

lint: $(VENV)/test.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/vulture

# the library's pages, made of its docstrings: open api/index.html
api: $(VENV)/test.done
	$(BIN)/pdoc bst --no-show-source --footer-text "BST Studio" -o api

# after a change of a requirements file; make lock UPGRADE=--upgrade takes the newest of all that these do not name
lock: $(VENV)/test.done
	$(COMPILE) requirements.txt -o requirements.lock
	$(COMPILE) requirements-dev.txt -c requirements.lock -o requirements-dev.lock
	$(COMPILE) requirements.txt requirements-scale.txt -c requirements-dev.lock -o requirements-scale.lock
	$(INSTALL) requirements-dev.lock
	$(BIN)/python docs/licences.py

# a file that stands for "installed": made anew when a lock changes
$(VENV)/run.done: requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "BST Studio needs Python 3.11 or newer: make PYTHON=python3.11")'
	@echo "installing the packages into $(VENV), once; a minute or more"
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) requirements.lock
	@touch $@

$(VENV)/test.done: requirements-dev.lock $(VENV)/run.done
	$(INSTALL) requirements-dev.lock
	@touch $@

$(VENV)/scale.done: requirements-scale.lock $(VENV)/test.done
	$(INSTALL) requirements-scale.lock
	@touch $@

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis api runs data/demo/world
