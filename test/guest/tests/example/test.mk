# SPDX-License-Identifier: MIT
CATEGORY := special
ENVS := $(ALL_ENVS)
