# SPDX-License-Identifier: MIT
CATEGORY := hostile
EXPECT := {"result": null, "shutdown": "poweroff", "line": "hlt-cli: about to"}
