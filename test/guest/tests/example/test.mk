# SPDX-License-Identifier: MIT
CATEGORY := special
