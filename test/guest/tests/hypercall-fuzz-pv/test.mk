# SPDX-License-Identifier: MIT
CATEGORY := hostile
ENVS := pv64
SHARED := $(addprefix tests/hypercall-fuzz/,cover.c ops.c random.c self.c values.c)
