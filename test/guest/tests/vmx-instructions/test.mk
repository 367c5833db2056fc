# SPDX-License-Identifier: MIT
CATEGORY := hostile
