# GNU make 3.81 and a POSIX shell are enough.
VENV := .venv
PY := $(VENV)/bin/python

.DEFAULT_GOAL := help
.PHONY: help run up replay captures captures-here logs ps down purge \
  test test-full lint bench clean lock

help: ## list these targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  Settings are environment variables or follow the target: make run WAV=other.wav PORT=9000"

run: $(VENV)/.run ## play the sample (or WAV=file) on http://localhost:8910 (or PORT=…); Ctrl+C stops
	@WAV="$(WAV)" $(PY) -m launch

# The stack of compose.yaml. The script finds what is set on make's command line in its environment.
up: ## the same in Docker: build, start, wait until healthy (also UDP_PORT=…, LAN_ADDRESS=…)
	@sh launch/stack.sh up

replay: ## play WAV=file through the stack, and wait until it has been played
	@sh launch/stack.sh replay

captures: ## convert the newest captures (or TS=…, or ALL=1) to WAV and check them (the stack's, if it is up)
	@if sh launch/stack.sh running; then sh launch/stack.sh captures; else $(MAKE) -s captures-here; fi

captures-here: $(VENV)/.run
	@$(PY) -m captures convert $(if $(TS),--ts "$(TS)",$(if $(ALL),--all,--newest))

logs: ## follow the stack's logs
	@sh launch/stack.sh logs

ps: ## list the stack's containers
	@sh launch/stack.sh ps

down: ## stop the stack; all data stay
	@sh launch/stack.sh down

purge: ## stop the stack and remove its data: feeds, captures, logs
	@sh launch/stack.sh purge

test: $(VENV)/.dev ## check everything: style, types, logic, a real server, a real browser, the stack
	@$(MAKE) -s lint
	@$(PY) -m pytest -m "not slow" $(ARGS)

test-full: $(VENV)/.dev ## the same with every long run
	@$(MAKE) -s lint
	@$(PY) -m pytest $(ARGS)

lint: $(VENV)/.dev ## style and types only
	@$(PY) -m ruff check . && $(PY) -m ruff format --check . && $(PY) -m mypy

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
