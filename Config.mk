# SPDX-License-Identifier: MIT
# Config.mk - toolchain, flags and names of products.  No rules.

ROOT := $(abspath $(dir $(lastword $(MAKEFILE_LIST))))
BUILD ?= $(ROOT)/build

# debug=y: assertions, -O1, lock checks.  debug=n: what one would deploy.
debug ?= y
# count=y: a release that counts what VM exits cost, for `make bench`.
# ubsan=y: a debug build that reports what C leaves undefined, common/ubsan.c.
ifeq ($(count),y)
VARIANT := count
else ifeq ($(ubsan),y)
VARIANT := ubsan
else ifeq ($(debug),y)
VARIANT := debug
else
VARIANT := release
endif

ifeq ($(origin CC),default)
CC := gcc
endif
HOSTCC ?= $(CC)
LD ?= ld
AR ?= ar
OBJCOPY ?= objcopy
NM ?= nm
STRIP ?= strip
PYTHON ?= python3

# Public ABI headers of Debian's libxen-dev, as <xen/...>.
ABI := $(BUILD)/abi
NEWLIB := $(BUILD)/newlib/x86_64-elf

CAIRN_VERSION := 0.1.0

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
            -Wmissing-prototypes -Wundef -Wvla -Wno-unused-parameter \
            -Wno-missing-field-initializers -Wno-sign-compare

# Where gcc or clang keeps stdint.h, stdarg.h and their like.
CC_INCLUDE = $(shell $(CC) -print-file-name=include)

# For everything that runs on the machine without a C library.
FREESTANDING = -std=gnu11 -ffreestanding -nostdinc -isystem $(CC_INCLUDE) \
               -isystem $(ABI) -fno-stack-protector -fcf-protection=none \
               -fno-asynchronous-unwind-tables -fno-strict-aliasing \
               -fno-common -fwrapv -fno-delete-null-pointer-checks $(WARNINGS)

# For unit tests on the host.
HOST_CFLAGS = -std=gnu11 -g -O1 -isystem $(ABI) $(WARNINGS) \
              -fno-omit-frame-pointer -fsanitize=address,undefined \
              -fno-sanitize-recover=all
