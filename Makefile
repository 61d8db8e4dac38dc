# Each target works from a fresh clone on a machine with Python 3.11 and make: it makes .venv itself.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
READY := .venv/.ready
WORKSPACE ?= .forewarn

.PHONY: demo test tests check serve bench contract messages clean

demo: $(READY)  ## a synthetic company through the whole flow, to its ten riskiest accounts
	$(BIN)/forewarn synth $(WORKSPACE)/company
	$(BIN)/forewarn run $(WORKSPACE)/company --workspace $(WORKSPACE)

serve: $(WORKSPACE)/store.db  ## the API and the page on 127.0.0.1:3000 over the demo batch
	$(BIN)/forewarn serve --workspace $(WORKSPACE)

test:  ## everything that must hold before a change lands
	@$(MAKE) --no-print-directory --jobs=2 check tests

tests: $(READY)  ## every test; `make test` has the checks run beside them, as mypy uses one core
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

check: $(READY)  ## linters, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)  ## speed, as ratios to a baseline measured in the same run
	$(BIN)/python benchmarks/features.py

contract: $(READY)  ## write the API's contract anew; refused where it takes something away
	$(BIN)/forewarn contract --to docs

messages: $(READY)  ## bring the translations up to date with serving/locale/sentences.yml
	$(BIN)/python -m serving.translations

screenshots: $(READY)  ## take the pictures of the README, of a demo company of their own
	$(BIN)/python docs/screenshots.py

clean:  ## remove the environment and everything that runs have written
	rm -rf .venv .forewarn

$(WORKSPACE)/store.db:
	$(MAKE) demo

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "forewarn needs Python 3.11; got " + sys.version.split()[0])'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -r requirements.txt
	@$(BIN)/python -W ignore -m compileall -qq -j 0 .venv/lib || true  # pip would use one core for it
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
