# SPDX-License-Identifier: MIT
# newlib.mk - build the C library once into $(BUILD)/newlib.
#
# Minutes of work, so the result is kept until somebody removes it.  The stamp
# is written last: an interrupted build starts over from a clean folder.  Two
# makes that want it at the same time take turns through flock.

NEWLIB_TAR := /usr/src/newlib/newlib-3.3.0.tar.xz
NEWLIB_SRC := $(BUILD)/newlib-src
NEWLIB_OBJ := $(BUILD)/newlib-obj
NEWLIB_STAMP := $(BUILD)/newlib/.stamp-3.3.0
NEWLIB_LOG := $(BUILD)/newlib.log
NEWLIB_JOBS ?= 2

# gcc whatever CC is: the library does not depend on who compiles Cairn.
NEWLIB_TOOLS := CC_FOR_TARGET=gcc AR_FOR_TARGET=ar RANLIB_FOR_TARGET=ranlib \
    AS_FOR_TARGET=as LD_FOR_TARGET=ld NM_FOR_TARGET=nm \
    OBJDUMP_FOR_TARGET=objdump STRIP_FOR_TARGET=strip \
    OBJCOPY_FOR_TARGET=objcopy READELF_FOR_TARGET=readelf

NEWLIB_CFLAGS := -O2 -g0 -ffreestanding -fno-pic -fno-pie -mcmodel=small \
    -mno-red-zone -fno-stack-protector -fcf-protection=none \
    -ffunction-sections -fdata-sections -std=gnu11 -w

NEWLIB_CONFIGURE := --target=x86_64-elf --prefix=$(BUILD)/newlib \
    --disable-multilib --disable-nls --disable-shared \
    --disable-newlib-supplied-syscalls --disable-libgloss \
    --enable-newlib-io-long-long --enable-newlib-io-c99-formats \
    --enable-newlib-reent-small=no --disable-newlib-wide-orient \
    --disable-newlib-multithread $(NEWLIB_TOOLS) CFLAGS="-O1" \
    CFLAGS_FOR_TARGET="$(NEWLIB_CFLAGS)"

define NEWLIB_SCRIPT
set -e
[ ! -e $(NEWLIB_STAMP) ] || exit 0
echo "  NEWLIB  $(NEWLIB_TAR) (minutes; log in $(NEWLIB_LOG))" >&3
rm -rf $(NEWLIB_SRC) $(NEWLIB_OBJ) $(BUILD)/newlib
mkdir -p $(NEWLIB_SRC) $(NEWLIB_OBJ)
tar -xf $(NEWLIB_TAR) -C $(NEWLIB_SRC) --strip-components=1
cd $(NEWLIB_OBJ)
../newlib-src/configure $(NEWLIB_CONFIGURE)
make -j$(NEWLIB_JOBS) all-target-newlib
make install-target-newlib
rm -rf $(NEWLIB_OBJ) $(NEWLIB_SRC)
touch $(NEWLIB_STAMP)
endef
export NEWLIB_SCRIPT

# MAKEFLAGS and friends of this make are none of newlib's business.
$(NEWLIB_STAMP):
	@mkdir -p $(BUILD)
	@env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS -u CC -u LD -u AR \
	    flock $(BUILD)/.newlib.lock sh -c "$$NEWLIB_SCRIPT" \
	    3>&1 >$(NEWLIB_LOG) 2>&1 || \
	    { tail -n 20 $(NEWLIB_LOG); \
	      echo "newlib did not build: see $(NEWLIB_LOG)" >&2; exit 1; }

.PHONY: newlib
newlib: $(NEWLIB_STAMP)
