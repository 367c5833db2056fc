/* SPDX-License-Identifier: MIT */
/* processor.h - the hypervisor's, but for interrupts: a thread has none. */
#ifndef STRESS_PROCESSOR_H
#define STRESS_PROCESSOR_H

#define local_irq_disable    real_irq_disable
#define local_irq_enable     real_irq_enable
#define local_irq_is_enabled real_irq_is_enabled
#define local_irq_save       real_irq_save
#define local_irq_restore    real_irq_restore
#include_next <asm/processor.h>
#undef local_irq_disable
#undef local_irq_enable
#undef local_irq_is_enabled
#undef local_irq_save
#undef local_irq_restore

static inline void local_irq_disable(void) {}
static inline void local_irq_enable(void) {}
static inline bool local_irq_is_enabled(void)
{
    return true;
}
static inline unsigned long local_irq_save(void)
{
    return 0;
}
static inline void local_irq_restore(unsigned long flags) {}

#endif
