# SPDX-License-Identifier: MIT
CATEGORY := special
ENVS := hvm64
# No verdict line: what counts is how the domain ends.
EXPECT := {"result": null, "shutdown": "poweroff"}
