# The commands of this project. `make` alone lists them.
#
#   make solve ARGS="--dataset humaneval --limit 50"    other arguments for the command
#   make solve GPU=1                                    with vLLM's CUDA build, in an environment of its own
#   make solve PYTHON=/path/to/python3                  another interpreter (3.11 to 3.13)

VENV := $(if $(GPU),.venv-gpu,.venv)
LOCK := $(if $(GPU),requirements/gpu.txt,requirements/cpu.txt)
python := $(VENV)/bin/python

.DEFAULT_GOAL := help
.PHONY: help solve test setup model lint lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

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

lint: setup ## ruff, mypy and the import rules
	@$(python) -m ruff check .
	@$(python) -m ruff format --check .
	@$(python) -m mypy
	@$(VENV)/bin/lint-imports

# LOCK_TORCH says where uv finds the CPU build of torch, which is not on PyPI.
LOCK_TORCH := --torch-backend cpu
compile := UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile pyproject.toml --extra dev \
	--universal --python-version 3.11 --no-annotate --quiet --upgrade
lock: ## write requirements/*.txt anew from pyproject.toml (needs uv)
	$(compile) --extra cpu --override requirements/overrides.txt $(LOCK_TORCH) --output-file requirements/cpu.txt
	$(compile) --extra gpu --output-file requirements/gpu.txt

clean: ## remove the environments and caches; runs and fetched models stay
	rm -rf .venv .venv-gpu build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
