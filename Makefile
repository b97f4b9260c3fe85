# make test      everything that must hold: format, lints, licences, unit, namespace and virtual machine tests
# make test-long the same with many more random cases, virtual hours and states, texts of 100 MiB, and the fuzzers for minutes
# make demo      a failover with real traffic, told as a timeline
# make bench     figures beside keepalived's in the same run
# make deb       Debian packages
# make docs      the documents that are made from the table of keywords
# All of them install by apt what a fresh Debian machine lacks (or say the command); Rust itself must be there.

CARGO ?= cargo
PREFIX ?= /usr
DESTDIR ?=
# Namespaces need root. The tests themselves say so when they are not run as root.
AS_ROOT := $(if $(filter-out 0,$(shell id -u)),--config 'target."cfg(all())".runner="sudo -E"')
UNPRIVILEGED = --lib --bins --tests
LONG_CASES ?= 20000
# Virtual hours of the simulated clusters, and states of each explored election, in the long run.
LONG_HOURS ?= 1000000
LONG_STATES ?= 200000
# Random sequences of reloads.
LONG_RELOADS ?= 100
# Each of the four fuzzers, and each of their stand-ins.
FUZZ_SECONDS ?= 180
FUZZ_CASES ?= 200000

.PHONY: all build install test test-long format lint deny unit system fuzz demo bench deb docs tools

all: build

build:
	$(CARGO) build --release --locked

install: build
	install -D -m 755 target/release/standfast $(DESTDIR)$(PREFIX)/sbin/standfast
	install -D -m 644 packaging/systemd/standfast.service $(DESTDIR)$(PREFIX)/lib/systemd/system/standfast.service
	install -D -m 644 packaging/man/standfast.8 $(DESTDIR)$(PREFIX)/share/man/man8/standfast.8
	install -D -m 644 packaging/man/standfast.conf.5 $(DESTDIR)$(PREFIX)/share/man/man5/standfast.conf.5

# One after the other: cargo would wait for itself anyway, and the last lines are the sum of the last tests.
test: tools format lint deny unit system

test-long:
	PROPTEST_CASES=$(LONG_CASES) SIM_STATES=$(LONG_STATES) RELOAD_SEEDS=$(LONG_RELOADS) $(MAKE) test
	SIM_HOURS=$(LONG_HOURS) $(CARGO) test --locked --profile sim --test sim -- --nocapture clusters
	LONG=1 $(CARGO) test --locked --release --test bounds
	$(MAKE) fuzz

# Coverage-guided where a nightly compiler and cargo-fuzz are; else the same functions meet random input on stable.
fuzz:
	if $(CARGO) +nightly fuzz --version >/dev/null 2>&1; then \
		for target in bytes words files; do \
			mkdir -p fuzz/corpus/$$target; \
			$(CARGO) +nightly fuzz run $$target fuzz/corpus/$$target fixtures/config fixtures/examples -- \
				-max_total_time=$(FUZZ_SECONDS) || exit 1; \
		done; \
		mkdir -p fuzz/corpus/answers; \
		$(CARGO) +nightly fuzz run answers fuzz/corpus/answers -- -max_total_time=$(FUZZ_SECONDS); \
	else \
		echo "no nightly compiler with cargo-fuzz here: $(FUZZ_CASES) random cases for each function on stable"; \
		PROPTEST_CASES=$(FUZZ_CASES) $(CARGO) test --locked --release --test config robust:: && \
		PROPTEST_CASES=$(FUZZ_CASES) $(CARGO) test --locked --release --test props answers::; \
	fi

format:
	$(CARGO) fmt --check

lint:
	$(CARGO) clippy --locked --all-targets -- -D warnings

deny:
	command -v cargo-deny >/dev/null || $(CARGO) install --locked cargo-deny
	$(CARGO) deny --config .deny.toml check licenses bans sources

# All test programs but the one that needs a kernel to itself; it follows.
unit:
	if $(CARGO) nextest --version >/dev/null 2>&1; then \
		$(CARGO) nextest run --locked $(UNPRIVILEGED) -E 'not binary(system)' --no-fail-fast; \
	else \
		$(CARGO) test --locked $(UNPRIVILEGED) -- --skip differential:: --skip vm::; \
	fi
	$(CARGO) test --locked --doc

system:
	$(CARGO) $(AS_ROOT) test --locked --test system

demo: tools
	$(CARGO) $(AS_ROOT) test --locked --quiet --test system -- --demo

bench: tools
	$(CARGO) $(AS_ROOT) bench --locked

docs:
	$(CARGO) run --locked --quiet -- explain --markdown >docs/configuration.md
	$(CARGO) run --locked --quiet -- explain --man >packaging/man/standfast.conf.5
	$(CARGO) run --locked --quiet -- explain --diagnostics >docs/diagnostics.md

deb: tools
	packaging/deb/build

tools:
	tests/prepare
