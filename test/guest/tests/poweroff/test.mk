# SPDX-License-Identifier: MIT
CATEGORY := hostile
# No verdict line: what counts is how the domain ends.
EXPECT := {"result": null, "shutdown": "poweroff"}
