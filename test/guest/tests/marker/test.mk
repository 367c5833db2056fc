# SPDX-License-Identifier: MIT
CATEGORY := utility
ENVS := hvm64
