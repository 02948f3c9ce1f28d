# Two commands do everything on a fresh Debian 12 with the Swift toolchain: `make demo` and `make test`.

SHELL := /bin/bash
VENV := .venv
PYTHON := $(VENV)/bin/python
BINARY := .build/release/ostler
# Debian's static archives, alone in a folder, so that the linker takes them and not the shared libraries beside them.
ARCHIVES := .build/archives
MULTIARCH := $(shell gcc -print-multiarch 2>/dev/null || dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null)
# lld: gold warns of a function in the static library of Foundation that nothing here calls.
RELEASE := -c release --product ostler --static-swift-stdlib -Xswiftc -use-ld=lld -Xlinker -L$(CURDIR)/$(ARCHIVES)
SWIFT_TEST_FLAGS ?=

.PHONY: help build demo test check lint format unit peers bench resources packages peer-packages clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

build: packages resources $(ARCHIVES) ## the release binary: .build/release/ostler
	swift build $(RELEASE)
	strip --strip-unneeded -o .build/ostler $(BINARY)
	@ls -l .build/ostler | awk '{ printf ".build/ostler: %.1f MB\n", $$5 / 1048576 }'

demo: build ## a whole charging network on this machine, in a minute
	.build/ostler demo $(DEMO)

test: packages peer-packages resources ## everything, as CI does
	swift build --build-tests
	$(MAKE) unit peers

check: resources lint ## the fast lane: lint, build and unit tests
	swift build --build-tests
	$(MAKE) unit

lint: ## what the formatter would change
	swift format lint --strict --recursive Sources Tests Package.swift

format: ## let the formatter change it
	swift format --in-place --recursive Sources Tests Package.swift

unit: ## the unit tests and the whole days on a fake clock
	OCPP_SCHEMAS="$$( [ -x $(PYTHON) ] && $(PYTHON) -c 'import ocpp, os; print(os.path.dirname(ocpp.__file__) + "/v16/schemas")' 2>/dev/null )" \
	  swift test --skip-build $(SWIFT_TEST_FLAGS)

peers: peer-packages ## real clients that others wrote, and a browser, against the daemon
	@[ -x .build/debug/ostler ] || swift build --product ostler
	OSTLER=$(CURDIR)/.build/debug/ostler $(PYTHON) -m pytest -q Tests/peers

bench: build ## durable transactions, processor time, memory and returns beside the limit of this machine
	swift build $(subst --product ostler,--product ostler-bench,$(RELEASE))
	Benchmarks/run $(BENCH)

resources: ## the list of embedded files
	@Sources/CResources/list.sh

$(ARCHIVES):
	@mkdir -p $@
	@for library in sqlite3 ssl crypto z; do \
	  ln -sf /usr/lib/$(MULTIARCH)/lib$$library.a $@/ || exit 1; done

packages:
	@Tests/peers/need swift gcc
	@Tests/peers/install libsqlite3-dev libssl-dev zlib1g-dev tzdata

peer-packages: packages $(VENV)/ready
	@Tests/peers/install chromium node-ws

$(VENV)/ready: Tests/peers/requirements.txt
	@Tests/peers/install python3-venv
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r Tests/peers/requirements.txt
	@touch $@

clean:
	rm -rf .build $(VENV)
