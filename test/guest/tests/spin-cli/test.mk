# SPDX-License-Identifier: MIT
CATEGORY := hostile
# Never ends: the operator destroys it once the line has been seen.
# Without the timer Bochs withholds every interrupt (docs/emulators.md).
EXPECT := {"result": null, "shutdown": null, "line": "spin-cli: looping", "then": "destroy", \
           "needs": "preemption-timer"}
