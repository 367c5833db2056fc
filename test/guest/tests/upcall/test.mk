# SPDX-License-Identifier: MIT
# 32-bit guests would want the 32-bit layout of shared_info, which is not there.
CATEGORY := functional
ENVS := hvm64
