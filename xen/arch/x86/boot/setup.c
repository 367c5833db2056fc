/* SPDX-License-Identifier: MIT */
/*
 * setup.c - start_xen(): everything that happens once, in order, until dom0
 * runs.  What goes wrong before that is a panic with a clear line.
 */
#include <asm/setup.h>

#include <asm/current.h>
#include <asm/traps.h>
#include <cairn/acpi.h>
#include <cairn/console.h>
#include <cairn/domain.h>
#include <cairn/lib.h>
#include <cairn/sched.h>
#include <xen/arch-x86/hvm/start_info.h>
#include <xen/domctl.h>

struct boot_info boot_info;

extern const struct boot_param __params_start[], __params_end[];

static __init bool phys_read(void *dst, uint64_t addr, size_t len)
{
    if (addr >= GB(4) || len > GB(4) - addr)
        return false;
    memcpy(dst, boot_phys_to_virt(addr), len);
    return true;
}

static __init int parse_loader(unsigned int kind, uint32_t info)
{
    struct hvm_start_info si;
    uint32_t total;

    if (kind == BOOT_PVH) {
        if (!phys_read(&si, info, sizeof(si)))
            return -EINVAL;
        return pvh_parse(&si, phys_read, &boot_info);
    }
    if (!phys_read(&total, info, sizeof(total)) || total > GB(4) - info)
        return -EINVAL;
    return multiboot2_parse(boot_phys_to_virt(info), total, &boot_info);
}

/* Loaders other than GRUB 2 put the file's own name first. */
static __init const char *hypervisor_options(void)
{
    const char *s = boot_info.cmdline;

    if (*s == '/')
        while (*s && *s != ' ')
            s++;
    return s;
}

static __init void report_param(const char *word, int rc)
{
    printk(XENLOG_WARNING "parameter \"%s\" %s\n", word,
           rc == -ENOENT ? "unknown!" : "has an invalid value!");
}

static __init void print_banner(void)
{
    char text[17] = "";
    size_t len;
    const uint8_t *id = build_id(&len);

    for (unsigned int i = 0; i < 8 && i < len; i++)
        snprintf(text + 2 * i, 3, "%02x", id[i]);
    printk(" Cairn %s (%s)\n", CAIRN_VERSION,
#ifdef CAIRN_DEBUG
           "debug=y"
#else
           "debug=n"
#endif
    );
    printk("Compiler: " __VERSION__ ", build id %s\n", text);
    printk("Bootloader: %s\n", boot_info.loader);
    printk("Command line: %s\n", boot_info.cmdline);
}

static __init void print_memory_map(void)
{
    static const char *const names[] = {"", "RAM", "reserved", "ACPI data", "ACPI NVS", "unusable"};

    printk(XENLOG_INFO "Memory map:\n");
    for (unsigned int i = 0; i < boot_info.nr_e820; i++) {
        const struct e820_entry *e = &boot_info.e820[i];
        printk(XENLOG_INFO " [%016lx, %016lx] %s\n", e->addr, e->addr + e->size - 1,
               e->type < ARRAY_SIZE(names) ? names[e->type] : "other");
    }
}

static unsigned int opt_dom0_max_vcpus = 1; /* what our own dom0 uses */
integer_param("dom0_max_vcpus", opt_dom0_max_vcpus);

static __init void create_dom0(void)
{
    static const struct boot_module none;
    const struct boot_module *kernel = &boot_info.mod[0];
    struct xen_domctl_createdomain cfg = {
        .max_vcpus = min(max(opt_dom0_max_vcpus, 1u), MAX_VCPUS),
        .max_evtchn_port = -1,
        .max_grant_frames = -1,
        .max_maptrack_frames = -1,
    };
    int rc;

    if (!boot_info.nr_mods)
        panic("No dom0 kernel: give it as the first boot module");
    dom0 = domain_create(0, &cfg, true, &rc);
    if (!dom0)
        panic("Cannot create dom0: error %d", rc);
    rc = pv_dom0_build(dom0, kernel, boot_info.nr_mods > 1 ? &boot_info.mod[1] : &none,
                       kernel->cmdline);
    if (rc)
        panic("Cannot build dom0: error %d", rc);
}

/* Global mappings survive a load of CR3. */
static void flush_all_tlb(void *unused)
{
    unsigned long cr4 = read_cr4();

    write_cr4(cr4 & ~X86_CR4_PGE);
    write_cr4(cr4);
}

/* Nothing of .init is used from here on: its pages become free memory. */
static noinline void free_init_sections(void)
{
    unsigned long first = ((unsigned long)__init_begin - (unsigned long)_start) >> PAGE_SHIFT;
    unsigned long last = ((unsigned long)__init_end - (unsigned long)_start) >> PAGE_SHIFT;

    for (unsigned long i = first; i < last; i++)
        xen_l1[i] = (pte_t){0};
    on_each_cpu(CPU_MASK_ALL, flush_all_tlb, NULL);
    free_boot_range(_maddr(image_pa(__init_begin)), _maddr(image_pa(__init_end)));
}

/* Not in .init, which it frees, nor inlined into what is. */
static noinline noreturn void start_dom0(void)
{
    printk("Memory: %lu KiB, %lu KiB free, %lu KiB hypervisor, %lu KiB dom0\n", total_pages * 4,
           avail_pages() * 4, hypervisor_pages() * 4, dom0->tot_pages * 4);
    free_init_sections();
    printk(XENLOG_INFO "Start took %lu thousand TSC ticks\n", (rdtsc() - tsc_at_entry) / 1000);
    console_start_input();
    domain_unpause_by_controller(dom0);
    idle_loop();
}

__init void start_xen(unsigned int kind, uint32_t info)
{
    int rc, bad_params;

    rc = parse_loader(kind, info);

    /* 1. Parameters and a console, so that everything else can speak. */
    cpu_load_descriptors();
    params_parse(__params_start, __params_end - __params_start, hypervisor_options(), NULL);
    console_init_preirq();
    print_banner();
    if (rc)
        panic("Boot loader's information is unusable: error %d", rc);
    bad_params = params_parse(__params_start, __params_end - __params_start, hypervisor_options(),
                              report_param);
    if (bad_params)
        printk(XENLOG_WARNING "%d boot parameters not understood\n", bad_params);

    /* 2. The processor. */
    host_cpu_init();
    cpu_enable_protections();
    fpu_init();

    /* 3. Memory. */
    boot_info.nr_e820 = e820_sanitize(boot_info.e820, boot_info.nr_e820, BOOT_MAX_E820);
    print_memory_map();
    mm_init();
    console_remap();

    /* 4. Interrupts and time. */
    acpi_init(boot_info.rsdp, boot_info.rsdp_len, boot_info.rsdp_addr);
    ioapic_init();
    apic_init();
    time_init();
    timers_init();

    /* 5. What runs on it. */
    domain_init();
    sched_init();
    local_irq_enable();
    console_init_postirq();
    if (pv_cpu_init())
        panic("No memory for the SYSCALL stubs");

    /* 6. Hardware virtualization, if there is any. */
    vmx_init();
    smp_init();

    /* 7. The control domain. */
    create_dom0();
    start_dom0();
}
