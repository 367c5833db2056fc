# SPDX-License-Identifier: MIT
CATEGORY := hostile
ENVS := pv64
