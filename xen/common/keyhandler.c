/* SPDX-License-Identifier: MIT */
/*
 * keyhandler.c - debug keys: a letter, what it does, a line of help.  Run
 * from the console's softirq or from XEN_SYSCTL_debug_keys.
 */
#include <asm/current.h>
#include <asm/traps.h>
#include <cairn/console.h>
#include <cairn/lib.h>
#include <cairn/sched.h>

extern const struct debug_key __keys_start[], __keys_end[];

static const struct debug_key *find(char key)
{
    for (const struct debug_key *k = __keys_start; k < __keys_end; k++)
        if (key >= k->first && key <= k->last)
            return k;
    return NULL;
}

void handle_keypress(char key)
{
    const struct debug_key *k = find(key);

    if (k)
        k->fn(key);
    else
        printk("no debug key '%c' (%#x): 'h' lists them\n", key >= ' ' && key < 0x7f ? key : '?',
               (uint8_t)key);
}

static void key_help(char key)
{
    printk("'h' pressed -> showing installed handlers\n");
    for (char c = '!'; c < 0x7f; c++)
        if (find(c))
            printk(" key '%c' => %s\n", c, find(c)->desc);
}
DEBUG_KEY('h', key_help, "show this message");

/* How much memory a domain may have, in units of @unit KiB, into @buf. */
static const char *memory_limit(const struct domain *d, unsigned int unit, char *buf, size_t size)
{
    if (d->max_pages >= UINT32_MAX)
        return "no limit";
    snprintf(buf, size, "%lu", d->max_pages * 4 / unit);
    return buf;
}

static void show_domain(struct domain *d)
{
    static const char *const states[] = {"building", "alive", "dying", "dead"};
    char limit[24];

    printk("d%u: %s %s%s refcnt %u pages %lu/%s xenheap %lu pause %u+%u\n", d->domain_id,
           d->is_hvm ? "HVM" : "PV", states[d->state], d->is_shut_down ? " (shut down)" : "",
           d->refcnt, d->tot_pages, memory_limit(d, 4, limit, sizeof(limit)), d->xenheap_pages,
           d->pause_count, d->controller_pause_count);
    for_each_vcpu(d, v)
        printk("  v%u: %s flags %#x pause %u time %ld ms upcall pending %u mask %u\n", v->vcpu_id,
               vcpu_on_cpu(v) ? "running" : "waiting", v->pause_flags, v->pause_count,
               vcpu_cpu_time(v) / 1000000, v->vcpu_info ? v->vcpu_info->evtchn_upcall_pending : 0,
               v->vcpu_info ? v->vcpu_info->evtchn_upcall_mask : 0);
}

static void key_domains(char key)
{
    printk("'q' pressed -> domains, now %ld ms\n", NOW() / 1000000);
    for_each_domain(d)
        show_domain(d);
}
DEBUG_KEY('q', key_domains, "dump domain info");

static void key_registers(char key)
{
    printk("'d' pressed -> registers; CPU %u: cr0 %lx cr3 %lx cr4 %lx efer %lx\n",
           smp_processor_id(), read_cr0(), read_cr3(), read_cr4(), rdmsr(MSR_EFER));
    for_each_domain(d)
        for_each_vcpu(d, v)
            vcpu_dump_registers(v);
}
DEBUG_KEY('d', key_registers, "dump registers");

static void key_vmcs(char key)
{
    printk("'v' pressed -> VMCS areas\n");
    for_each_domain(d)
        for_each_vcpu(d, v)
            if (d->is_hvm && (v == current || !vcpu_on_cpu(v)))
                hvm_dump_vcpu(v);
}
DEBUG_KEY('v', key_vmcs, "dump VMCSs");

static void key_memory(char key)
{
    char limit[24];

    printk(
        "'m' pressed -> memory: total %lu KiB, free %lu KiB, hypervisor %lu KiB (heap %lu bytes)\n",
        total_pages * 4, avail_pages() * 4, hypervisor_pages() * 4, heap_bytes_used());
    for_each_domain(d)
        printk("  d%u: %lu KiB, at most %s\n", d->domain_id, d->tot_pages * 4,
               memory_limit(d, 1, limit, sizeof(limit)));
}
DEBUG_KEY('m', key_memory, "memory info");

static void key_reboot(char key)
{
    printk("'R' pressed -> rebooting machine\n");
    machine_restart();
}
DEBUG_KEY('R', key_reboot, "reboot machine");
