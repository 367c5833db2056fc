/* SPDX-License-Identifier: MIT */
/*
 * perfc.c - the event counters: XEN_SYSCTL_perfc_op and a debug key.
 */
#include <cairn/perfc.h>

#include <asm/current.h>
#include <asm/smp.h>
#include <cairn/console.h>
#include <cairn/hypercall.h>
#include <cairn/lib.h>
#include <xen/sysctl.h>

uint64_t perfc_sum(unsigned int counter)
{
    uint64_t sum = 0;

    for_each_online_cpu(cpu)
        sum += cpu_info_of(cpu)->perfc[counter];
    return sum;
}

static void reset(void)
{
    for_each_online_cpu(cpu)
        memset(cpu_info_of(cpu)->perfc, 0, sizeof(cpu_info_of(cpu)->perfc));
}

static const struct {
    const char *text;
    uint32_t nr;
} counters[] = {
#define PERFC(name, desc)          {desc, 1},
#define PERFC_ARRAY(name, desc, n) {desc, n},
#include <cairn/perfc_defn.h>
#undef PERFC
#undef PERFC_ARRAY
};

/* The public counter is 32 bits wide; it shows the low ones. */
static long copy_counters(struct xen_sysctl_perfc_op *op)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(counters) && op->desc.p; i++) {
        struct xen_sysctl_perfc_desc desc;

        memset(&desc, 0, sizeof(desc));
        strlcpy(desc.name, counters[i].text, sizeof(desc.name));
        desc.nr_vals = counters[i].nr;
        if (copy_to_guest_offset(op->desc, i, &desc, 1))
            return -EFAULT;
    }
    for (unsigned int i = 0; i < NR_PERFC && op->val.p; i++) {
        uint32_t value = perfc_sum(i);

        if (copy_to_guest_offset(op->val, i, &value, 1))
            return -EFAULT;
    }
    return 0;
}

static void key_perfc(char key)
{
    unsigned int at = 0;

    printk("'p' pressed -> performance counters (those not 0)\n");
    for (unsigned int i = 0; i < ARRAY_SIZE(counters); i++)
        for (unsigned int n = 0; n < counters[i].nr; n++) {
            uint64_t count = perfc_sum(at++);

            if (count && counters[i].nr > 1)
                printk("  %s[%u]: %lu\n", counters[i].text, n, count);
            else if (count)
                printk("  %s: %lu\n", counters[i].text, count);
        }
}
DEBUG_KEY('p', key_perfc, "print performance counters");

long perfc_sysctl(struct xen_sysctl_perfc_op *op)
{
    long rc = -EINVAL;

    if (op->cmd == XEN_SYSCTL_PERFCOP_reset) {
        rc = copy_counters(op);
        reset();
    } else if (op->cmd == XEN_SYSCTL_PERFCOP_query) {
        rc = copy_counters(op);
    }
    op->nr_counters = ARRAY_SIZE(counters);
    op->nr_vals = NR_PERFC;
    return rc;
}
