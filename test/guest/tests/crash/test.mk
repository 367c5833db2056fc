# SPDX-License-Identifier: MIT
CATEGORY := hostile
EXPECT := {"result": null, "shutdown": "crash", "line": "crash: about to"}
