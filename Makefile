# GNU make 3.81 and a POSIX shell are enough.
VENV := .venv
PY := $(VENV)/bin/python

.DEFAULT_GOAL := help
.PHONY: help run test test-full lint captures bench clean lock

help: ## list these targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  Settings are environment variables or follow the target: make run WAV=other.wav PORT=9000"

run: $(VENV)/.run ## play the sample (or WAV=file) on http://localhost:8910 (or PORT=…); Ctrl+C stops
	@WAV="$(WAV)" $(PY) -m launch

test: $(VENV)/.dev ## check everything: style, types, logic, a real server, a real browser
	@$(MAKE) -s lint
	@$(PY) -m pytest -m "not slow" $(ARGS)

test-full: $(VENV)/.dev ## the same with every long run
	@$(MAKE) -s lint
	@$(PY) -m pytest $(ARGS)

lint: $(VENV)/.dev ## style and types only
	@$(PY) -m ruff check . && $(PY) -m ruff format --check . && $(PY) -m mypy

captures: $(VENV)/.run ## convert the newest captures (or TS=…, or ALL=1) to WAV and check them
	@$(PY) -m captures convert $(if $(TS),--ts "$(TS)",$(if $(ALL),--all,--newest))

bench: $(VENV)/.dev ## measure CPU per listener, lateness and start of playback
	@$(PY) -m bench $(ARGS)

clean: ## remove logs and captures, and nothing else
	rm -rf logs captured

lock: $(VENV)/.dev ## pin every dependency for every platform, with hashes
	@$(PY) -m pip install -q uv
	@for group in "" dev; do \
	  $(PY) -m uv pip compile -q pyproject.toml $${group:+--group $$group} --universal --python-version 3.11 \
	    --generate-hashes --no-emit-index-url --no-annotate --no-header \
	    -o requirements$${group:+-$$group}.txt || exit 1; \
	done

# A virtual environment with exactly what is pinned, made again when the pins change.
$(VENV)/.run: requirements.txt
	@sh launch/venv.sh $(VENV) requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt
	@sh launch/venv.sh $(VENV) requirements-dev.txt
	@touch $@ $(VENV)/.run
