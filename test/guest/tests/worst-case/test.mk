# SPDX-License-Identifier: MIT
CATEGORY := functional
ENVS := hvm64 hvm32
