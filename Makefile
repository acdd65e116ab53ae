# The commands of this project. `make` alone lists them.
#
#   make solve ARGS="--dataset humaneval --limit 50"    other arguments for the command
#   make solve GPU=1                                    with vLLM's CUDA build, in an environment of its own
#   make solve PYTHON=/path/to/python3                  another interpreter (3.11 to 3.13)

VENV := $(if $(GPU),.venv-gpu,.venv)
LOCK := $(if $(GPU),requirements/gpu.txt,requirements/cpu.txt)
python := $(VENV)/bin/python

.DEFAULT_GOAL := help
.PHONY: help solve test torture bench-log bench-sandbox results setup model lint lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# With arguments of your own the command may need another model or none, and fetches what it needs itself.
solve: setup $(if $(ARGS),,model) ## solve the first 10 HumanEval problems (from nothing: about 5 minutes and 6 GB)
	@$(python) -m fractal_agent solve $(or $(ARGS),--dataset humaneval --limit 10)

test: setup model lint ## lint, type-check and run every test
	@$(python) -m pytest $(ARGS)

setup: ## install the pinned packages into .venv, if that is not done
	@bash scripts/setup.sh $(VENV) $(LOCK)

model: setup ## fetch the default model, if that is not done
	@echo "3/3 Fetching the model"
	@$(python) -m fractal_agent.models

torture: setup ## kill, cut, flip and starve the log at length: 10,000 kills and more (about 20 minutes)
	@TORTURE=$(or $(TORTURE),100) $(python) -m pytest tests/torture -s -q $(ARGS)

lint: setup ## ruff, mypy and the import rules
	@$(python) -m ruff check .
	@$(python) -m ruff format --check .
	@$(python) -m mypy
	@$(VENV)/bin/lint-imports

# In an environment of its own, for the peers. Without resolution: one of them states a newer Python than it needs.
bench := .venv-bench/bin/python
bench-log: setup ## how fast the log is, beside other stores of events (about 6 minutes; ARGS=--quick for a look)
	@test -x $(bench) || { $(python) -m venv .venv-bench && echo '*' >.venv-bench/.gitignore; }
	@$(bench) -m pip --disable-pip-version-check install -qq --no-deps --ignore-requires-python -r requirements/bench.txt
	@PYTHONPATH=. $(bench) benchmarks/log --python $(python) $(ARGS)

bench-sandbox: setup ## how fast the sandbox is, beside the harnesses of HumanEval and EvalPlus (a minute)
	@$(python) -m pip --disable-pip-version-check install -qq --no-deps --upgrade --target build/bench \
		-r requirements/bench-sandbox.txt
	@PYTHONPATH=build/bench $(python) benchmarks/sandbox.py $(ARGS)

results: setup ## docs/results.md anew, from the logs in results/ and without a model
	@$(python) benchmarks/results.py

# LOCK_TORCH says where uv finds the CPU build of torch, which is not on PyPI.
LOCK_TORCH := --torch-backend cpu
compile := UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile pyproject.toml --extra dev \
	--universal --python-version 3.11 --no-annotate --quiet --upgrade
lock: ## write requirements/*.txt anew from pyproject.toml (needs uv)
	$(compile) --extra cpu --override requirements/overrides.txt $(LOCK_TORCH) --output-file requirements/cpu.txt
	$(compile) --extra gpu --output-file requirements/gpu.txt

clean: ## remove the environments and caches; runs and fetched models stay
	rm -rf .venv .venv-gpu .venv-bench build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
