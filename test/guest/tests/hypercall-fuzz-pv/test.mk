# SPDX-License-Identifier: MIT
CATEGORY := hostile
ENVS := pv64
SHARED := tests/hypercall-fuzz/cover.c tests/hypercall-fuzz/random.c
