# Two commands do everything on a fresh Debian 12 with the Swift toolchain: `make demo` and `make test`.

SHELL := /bin/bash
VENV := .venv
PYTHON := $(VENV)/bin/python
BINARY := .build/release/ostler
# So many rooms are tried at once, and so many files of the peers' tests, which wait much of their time.
LANES ?= 2
PEER_LANES ?= 3
# Debian's static archives, alone in a folder, so that the linker takes them and not the shared libraries beside them.
ARCHIVES := .build/archives
MULTIARCH := $(shell gcc -print-multiarch 2>/dev/null || dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null)
# lld: gold warns of a function in the static library of Foundation that nothing here calls.
RELEASE := -c release --product ostler --static-swift-stdlib -Xswiftc -use-ld=lld -Xlinker -L$(CURDIR)/$(ARCHIVES)
SWIFT_TEST_FLAGS ?=

.PHONY: help build demo test check lint format unit peers bench sites autobahn fuzz tsan resources packages peer-packages clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

build: packages resources $(ARCHIVES) ## the release binary: .build/ostler
	swift build $(RELEASE)
	strip --strip-unneeded -o .build/ostler $(BINARY)
	@ls -l .build/ostler | awk '{ printf ".build/ostler: %.1f MB\n", $$5 / 1048576 }'

demo: build ## a whole charging network on this machine, in a minute
	.build/ostler demo $(DEMO)

test: packages peer-packages resources ## everything, as CI does
	swift build --build-tests
	$(MAKE) unit
	$(MAKE) build
	$(MAKE) peers

check: resources lint ## the fast lane: lint, build and unit tests
	swift build --build-tests
	$(MAKE) unit

lint: ## what the formatter would change
	swift format lint --strict --recursive Sources Tests Fuzz Package.swift

format: ## let the formatter change it
	swift format --in-place --recursive Sources Tests Fuzz Package.swift

# Room by room: tests of one room run at once, and those of many would wait too long for the one main actor.
ROOMS := $(notdir $(wildcard Tests/*Tests))
unit: ## the unit tests and the whole days on a fake clock
	@mkdir -p .build/unit
	@OCPP_SCHEMAS="$$( [ -x $(PYTHON) ] && $(PYTHON) -c 'import ocpp, os; print(os.path.dirname(ocpp.__file__))' 2>/dev/null )"; \
	export OCPP_SCHEMAS; printf '%s\n' $(ROOMS) | xargs -P $(LANES) -I ROOM $(MAKE) --no-print-directory unit-ROOM

unit-%:
	@timeout 900 swift test --skip-build --ignore-lock --filter '^$*\.' $(SWIFT_TEST_FLAGS) > .build/unit/$*.log 2>&1 \
	  && echo "$*: $$(tail -1 .build/unit/$*.log)" || { cat .build/unit/$*.log; echo "$*: failed, as told above"; exit 255; }

# The binary that operators deploy, unless OSTLER says another. What failed beside many others is tried once more alone, and
# both are told: these tests have clocks, and machines do other things.
peers: export OSTLER ?= $(CURDIR)/.build/ostler
peers: export OSTLER_ANSWER_SECONDS ?= 8
peers: export OSTLER_WS_ECHO ?= $(CURDIR)/.build/release/ostler-ws-echo
peers: peer-packages ## real clients that others wrote, and a browser, against the release binary
	@[ -x $(OSTLER) ] || $(MAKE) build
	@[ -x $(OSTLER_WS_ECHO) ] || swift build $(subst --product ostler,--product ostler-ws-echo,$(RELEASE))
	$(PYTHON) -m pytest -q -n $(PEER_LANES) --dist worksteal Tests/peers || \
	  $(PYTHON) -m pytest -q --last-failed --last-failed-no-failures none Tests/peers

bench: build ## ten figures, each beside the limit of this machine (BENCH=quick: in two minutes)
	swift build $(subst --product ostler,--product ostler-bench,$(RELEASE))
	Benchmarks/run $(BENCH)

SEEDS ?= 10
DAYS ?= 7
sites: ## simulated sites of 4 to 200 cars over whole weeks: SEEDS=10 of each (1000+10: from 1000 on), DAYS=7, CARS="4 20 200"
	swift build -c release --product ostler-sites
	.build/release/ostler-sites $(SEEDS) $(DAYS) $(CARS)

autobahn: packages ## the Autobahn suite, strictly, on our WebSocket; ends with 2 where its Python 2.7 is missing
	swift build -c release --product ostler-ws-echo
	Tests/autobahn/run $(AUTOBAHN)

SECONDS ?= 60
fuzz: packages ## libFuzzer on everything that reads what strangers send; SECONDS=60 is for each of the harnesses
	Fuzz/run $(SECONDS) $(FUZZ)

# Optimised, and one test at a time: else the sanitizer is so slow that tests run into their own deadlines.
TSAN := --scratch-path .build-tsan --sanitize thread -Xswiftc -O -Xswiftc -use-ld=lld
tsan: packages resources ## the whole Swift suite under the thread sanitizer, in a build folder of its own
	swift build --build-tests $(TSAN)
	TSAN_OPTIONS=exitcode=66 swift test --skip-build --no-parallel $(TSAN) $(SWIFT_TEST_FLAGS)

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
	@Tests/peers/install chromium node-ws zbar-tools

$(VENV)/ready: Tests/peers/requirements.txt
	@Tests/peers/install python3-venv
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r Tests/peers/requirements.txt
	@touch $@

clean:
	rm -rf .build .build-fuzz .build-tsan $(VENV)
