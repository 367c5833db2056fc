# SPDX-License-Identifier: MIT
CATEGORY := utility
ENVS := hvm64
# Never ends: the operator destroys it once the line has been seen.
EXPECT := {"result": null, "shutdown": null, "line": "busy: computing", "then": "destroy"}
