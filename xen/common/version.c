/* SPDX-License-Identifier: MIT */
/*
 * version.c - XENVER_*: what we say we are.
 *
 * The interface is Xen 4.17's, so that is the number; the extra version names
 * us.  Strings are zero-padded to their full length.
 */
#include <cairn/hypercall.h>

#include <asm/current.h>
#include <cairn/domain.h>
#include <cairn/lib.h>
#include <xen/version.h>

#ifdef __clang__
#define COMPILER __VERSION__
#else
#define COMPILER "gcc " __VERSION__
#endif
#define XEN_ABI_VERSION (4u << 16 | 17)

extern const uint8_t __build_id_start[], __build_id_end[];

const uint8_t *build_id(size_t *len)
{
    const uint8_t *id = __build_id_start + 16; /* behind the note's header and its name "GNU" */

    *len = __build_id_end - id;
    return id;
}

/* @len bytes from @text, the rest zero; terminated. */
static long give_string(unsigned long arg, const char *text, size_t len)
{
    char buf[sizeof(xen_capabilities_info_t)] = {0}; /* none is longer */

    strlcpy(buf, text, len);
    return raw_copy_to_guest(arg, buf, len);
}

static long give_compile_info(unsigned long arg)
{
    struct xen_compile_info info;

    memset(&info, 0, sizeof(info));
    strlcpy(info.compiler, COMPILER, sizeof(info.compiler));
    strlcpy(info.compile_by, "cairn", sizeof(info.compile_by));
    /* No date: the same source gives the same image. */
    return copy_to_guest_va(arg, &info);
}

static const char *capabilities(void)
{
    if (hvm_support.unavailable)
        return "xen-3.0-x86_64 ";
    return "xen-3.0-x86_64 hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64 ";
}

static uint32_t features(const struct domain *d)
{
    uint32_t map = 1u << XENFEAT_memory_op_vnode_supported;

    if (d->is_hvm)
        map |= 1u << XENFEAT_hvm_safe_pvclock | 1u << XENFEAT_hvm_callback_vector |
               1u << XENFEAT_auto_translated_physmap;
    else
        map |= 1u << XENFEAT_mmu_pt_update_preserve_ad | 1u << XENFEAT_highmem_assist;
    if (d->is_privileged)
        map |= 1u << XENFEAT_dom0;
    return map;
}

static long get_features(unsigned long arg)
{
    struct xen_feature_info fi;

    if (copy_from_guest_va(&fi, arg))
        return -EFAULT;
    if (fi.submap_idx >= XENFEAT_NR_SUBMAPS)
        return -EINVAL;
    fi.submap = features(current->domain);
    return copy_to_guest_va(arg, &fi);
}

/* Its length, and where there is a place for it the id itself.  Only for the privileged. */
static long give_build_id(unsigned long arg)
{
    xen_build_id_t head;
    size_t len;
    const uint8_t *id = build_id(&len);

    if (!current->domain->is_privileged)
        return -EPERM;
    if (!arg)
        return len;
    if (copy_from_guest_va(&head, arg))
        return -EFAULT;
    if (head.len < len)
        return head.len ? -ENOBUFS : -EINVAL;
    return raw_copy_to_guest(arg + sizeof(head.len), id, len) ? -EFAULT : (long)len;
}

long do_xen_version(unsigned long cmd, unsigned long arg)
{
    struct xen_platform_parameters params = {.virt_start = HYPERVISOR_VA_START};

    switch ((unsigned int)cmd) {
    case XENVER_version:
        return XEN_ABI_VERSION;
    case XENVER_extraversion:
        return give_string(arg, "-cairn-" CAIRN_VERSION, XEN_EXTRAVERSION_LEN);
    case XENVER_compile_info:
        return give_compile_info(arg);
    case XENVER_capabilities:
        return give_string(arg, capabilities(), XEN_CAPABILITIES_INFO_LEN);
    case XENVER_changeset:
        return give_string(arg, "cairn-" CAIRN_VERSION, XEN_CHANGESET_INFO_LEN);
    case XENVER_platform_parameters:
        return copy_to_guest_va(arg, &params);
    case XENVER_get_features:
        return get_features(arg);
    case XENVER_pagesize:
        return arg ? -EINVAL : (long)PAGE_SIZE;
    case XENVER_guest_handle:
        return copy_to_guest_va(arg, &current->domain->handle);
    case XENVER_commandline:
        return give_string(arg, current->domain->is_privileged ? boot_info.cmdline : "<denied>",
                           sizeof(xen_commandline_t));
    case XENVER_build_id:
        return give_build_id(arg);
    default:
        return -ENOSYS;
    }
}
