# SPDX-License-Identifier: MIT
ENVS := pv64
