# SPDX-License-Identifier: MIT
CATEGORY := functional
ENVS := hvm32pae
