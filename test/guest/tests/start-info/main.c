/* SPDX-License-Identifier: MIT */
/*
 * What a kernel that starts the PVH way is given: hvm_start_info with command
 * line and memory map, and for type="pvh" what firmware would have done for a
 * HVM guest: ACPI tables, and MTRRs that call memory write-back.
 */
#include <guest/test.h>

#include <xen/arch-x86/hvm/start_info.h>

const char test_title[] = "PVH start info";

#define MTRR_DEF_TYPE 0x2ff
#define MTRR_ENABLED  (1u << 11)
#define WRITE_BACK    6

static bool sums_to_zero(const uint8_t *p, uint32_t len)
{
    uint8_t sum = 0;

    while (len--)
        sum += *p++;
    return sum == 0;
}

/* Which entry of the map has @addr, as a type; 0: none. */
static uint32_t type_of(const struct hvm_start_info *info, uint64_t addr)
{
    const struct hvm_memmap_table_entry *map = (void *)(ulong)info->memmap_paddr;

    for (uint32_t i = 0; i < info->memmap_entries; i++)
        if (addr - map[i].addr < map[i].size)
            return map[i].type;
    return 0;
}

static void check_pvh(const struct hvm_start_info *info)
{
    const uint8_t *rsdp = (void *)(ulong)info->rsdp_paddr;

    check_equal("RSDP's signature", memcmp(rsdp, "RSD PTR ", 8), 0);
    check_true("RSDP's sums", sums_to_zero(rsdp, 20) && sums_to_zero(rsdp, 36));
    check_equal("in memory that is no RAM", type_of(info, info->rsdp_paddr),
                XEN_HVM_MEMMAP_TYPE_RESERVED);
    const uint8_t *xsdt = (void *)(ulong) * (const uint64_t *)(rsdp + 24);
    check_equal("XSDT's signature", memcmp(xsdt, "XSDT", 4), 0);
    check_true("XSDT's sum", sums_to_zero(xsdt, *(const uint32_t *)(xsdt + 4)));
    check_equal("MTRRs", rdmsr(MTRR_DEF_TYPE), MTRR_ENABLED | WRITE_BACK);
}

void test_main(void)
{
    const struct hvm_start_info *info = (void *)(ulong)boot_info;

    if (!on_xen()) {
        report_skip("needs Xen");
        return;
    }
    check_equal("magic", info->magic, XEN_HVM_START_MAGIC_VALUE);
    check_equal("version", info->version, 1);
    check_equal("our own memory", type_of(info, (ulong)test_title), XEN_HVM_MEMMAP_TYPE_RAM);
    check_equal("PVH", info->rsdp_paddr != 0, cmdline_has("pvh"));
    if (info->rsdp_paddr)
        check_pvh(info);
    report_success(NULL);
}
