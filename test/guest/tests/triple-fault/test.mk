# SPDX-License-Identifier: MIT
CATEGORY := hostile
EXPECT := {"result": null, "shutdown": "reboot", "line": "triple-fault: about to"}
