# SPDX-License-Identifier: MIT
# Top of the build.  Each component has its own Makefile; this one knows in
# which order they are needed, and how their products become a boot image.
#
# Products are in $(BUILD), see `make help`.  Every component target is run
# always and decides for itself what is out of date.

include Config.mk

MAKEFLAGS += --no-print-directory
export BUILD

RUNNER := BUILD=$(BUILD) $(PYTHON) scripts/runner
# Targets that call make again after installing packages use every processor,
# unless the user said how many.
JOBS = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))

.PHONY: all help
all: iso guest

help:
	@echo 'make            build everything: $(notdir $(BUILD))/cairn.iso and the guest tests'
	@echo 'make run        build, boot in Bochs, start a guest, end at the dom0 prompt'
	@echo 'make test       every test; the last line is the count'
	@echo 'make soak       the same kinds with large numbers, for a night (SEED=n)'
	@echo 'make test-unit  unit tests on the host only'
	@echo 'make fuzz       libFuzzer on walker and emulator (FUZZ_SECONDS=60)'
	@echo 'make test-guest guest tests only (MODEL=haswell, also arrandale, ...)'
	@echo 'make test-matrix  guest tests on each model with each kind of paging; build/matrix.md'
	@echo 'make bench      what operations cost, beside other hypervisors; build/bench.json'
	@echo 'make mutants    deliberate mistakes, each of which a test must notice (M=NN: one)'
	@echo 'make check      formatting, headers, layering, sizes, commit subjects'
	@echo 'make format     run clang-format over the tree'
	@echo 'make iso        $(notdir $(BUILD))/cairn.iso: GRUB, hypervisor, dom0, guests'
	@echo 'make xen dom0 tools guest initrd newlib   one part'
	@echo 'make setup      install missing Debian packages (run and test do it too)'
	@echo 'make clean      remove $(notdir $(BUILD))/ except newlib; distclean: all of it'
	@echo
	@echo 'CC=clang builds with clang; debug=n selects the release hypervisor where'
	@echo 'one is wanted; scripts/runner --help starts single runs of any kind.'

# --- parts -------------------------------------------------------------------

# The public headers of Debian's libxen-dev, reachable as <xen/...> without
# the rest of /usr/include.
$(ABI)/xen:
	@mkdir -p $(ABI)
	ln -sfn /usr/include/xen $@

.PHONY: setup xen xen-debug xen-release xen-count xen-ubsan newlib tools dom0 guest
setup:
	@scripts/setup

xen: xen-debug xen-release
xen-debug: | $(ABI)/xen
	+@$(MAKE) -C xen debug=y
xen-release: | $(ABI)/xen
	+@$(MAKE) -C xen debug=n
xen-count: | $(ABI)/xen
	+@$(MAKE) -C xen count=y
xen-ubsan: | $(ABI)/xen
	+@$(MAKE) -C xen ubsan=y

newlib:
	+@$(MAKE) -C dom0 newlib

tools: newlib | $(ABI)/xen
	+@$(MAKE) -C tools dom0lib

dom0: newlib tools | $(ABI)/xen
	+@$(MAKE) -C dom0

guest: | $(ABI)/xen
	+@$(MAKE) -C test/guest

# --- boot image ---------------------------------------------------------------

DOM0_ETC := $(shell find dom0/etc -type f 2>/dev/null)
DEMO_GUESTS := $(foreach e,hvm64 hvm32pae hvm32pse hvm32,\
                 $(BUILD)/guest/example/test-$(e)-example)
RUNNER_SOURCES := scripts/runner $(wildcard scripts/cairn_runner/*.py)

.PHONY: initrd iso
initrd: $(BUILD)/initrd.cpio
iso: $(BUILD)/cairn.iso

# The component targets are phony, so their products are named here with an
# empty recipe: they are as new as the component left them.
$(BUILD)/cairn-debug.elf: xen-debug ;
$(BUILD)/cairn-release.elf: xen-release ;
$(BUILD)/dom0.elf: dom0 ;
$(DEMO_GUESTS): guest ;

$(BUILD)/initrd.cpio: $(DOM0_ETC) $(RUNNER_SOURCES) $(DEMO_GUESTS)
	$(RUNNER) make-initrd --output $@

$(BUILD)/cairn.iso: $(BUILD)/cairn-debug.elf $(BUILD)/cairn-release.elf \
                    $(BUILD)/dom0.elf $(BUILD)/initrd.cpio $(RUNNER_SOURCES)
	$(RUNNER) make-iso --output $@

# --- use and test ----------------------------------------------------------------

.PHONY: run test test-unit test-guest test-system mutants check format
run:
	@scripts/setup
	+@$(MAKE) $(JOBS) iso
	@$(RUNNER) demo

test:
	@scripts/setup
	+@MAKE='$(MAKE)' scripts/test-all

# For the night; SEED=N repeats one.
.PHONY: soak fuzz
soak:
	@scripts/setup
	+@MAKE='$(MAKE)' scripts/soak

fuzz: | $(ABI)/xen
	+@$(MAKE) -C test/fuzz run

test-unit: | $(ABI)/xen
	+@$(MAKE) -C test/unit run

MODEL ?= haswell
test-guest: xen-$(VARIANT) dom0 guest
	@$(RUNNER) guest --model $(MODEL) --variant $(VARIANT) $(BUILD)/guest

# Every guest test in every column: MATRIX='MODEL[*CPUS][:OPTIONS] ...', BARE='MODEL ...'.
# WORDS='--select X --jobs 1 --add': see scripts/runner matrix --help.
MATRIX ?= penryn lynnfield arrandale haswell skylake_x:hvm_fep icelake \
          haswell:vmx-mask=efer-controls
BARE ?= penryn haswell*2 icelake
.PHONY: test-matrix
test-matrix: xen-$(VARIANT) dom0 guest
	@$(RUNNER) matrix --on '$(MATRIX)' --bare-on '$(BARE)' --variant $(VARIANT) \
	    --jobs $(shell nproc) $(WORDS) $(BUILD)/guest

test-system: iso guest
	@$(RUNNER) system --variant $(VARIANT)

# test/mutants: M='03 17' for some of them.
mutants: dom0 guest
	@BUILD=$(BUILD) $(PYTHON) scripts/mutants $(M)

check: | $(ABI)/xen
	@scripts/check

format:
	@scripts/check-format --fix

.PHONY: bench
bench: xen-release xen-count dom0 guest
	@$(RUNNER) bench $(BUILD)/guest

.PHONY: clean distclean
# newlib takes minutes and does not change: it stays.
clean:
	@if [ -d $(BUILD) ]; then \
	    find $(BUILD) -mindepth 1 -maxdepth 1 ! -name 'newlib*' \
	        -exec rm -rf {} +; fi
distclean:
	rm -rf $(BUILD)
