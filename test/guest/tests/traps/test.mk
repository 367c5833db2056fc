# SPDX-License-Identifier: MIT
CATEGORY := functional
