# SPDX-License-Identifier: MIT
CATEGORY := hostile
ENVS := hvm64 hvm32 hvm32pae
