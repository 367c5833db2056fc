# SPDX-License-Identifier: MIT
CATEGORY := utility
ENVS := hvm64 hvm32pae
