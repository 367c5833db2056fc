# SPDX-License-Identifier: MIT
CATEGORY := hostile
# Never ends: the operator destroys it once the line has been seen.
EXPECT := {"result": null, "shutdown": null, "line": "spin-cli: looping", "then": "destroy"}
