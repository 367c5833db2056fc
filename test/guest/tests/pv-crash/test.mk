# SPDX-License-Identifier: MIT
CATEGORY := hostile
ENVS := pv64
VARIATIONS := tables frame stack handler
EXPECT := {"result": null, "shutdown": "crash", "line": "crash: "}
