/* SPDX-License-Identifier: MIT */
/*
 * call.c - a hypercall with all its registers chosen, from every kind of code:
 * the stubs lie where both rings may execute them.
 */
#include <guest/call.h>

#include <guest/desc.h>
#include <guest/report.h>

/* What the stubs load and store: the number or the result, six arguments. */
extern uint64_t call_block[7];
USER_DATA uint64_t call_block[7];

#define STUB_32                                            \
    "call_stub_32:\n\t"                                    \
    "push %ebp; push %ebx; push %esi; push %edi\n\t"       \
    "mov call_block, %eax; mov call_block+8, %ebx\n\t"     \
    "mov call_block+16, %ecx; mov call_block+24, %edx\n\t" \
    "mov call_block+32, %esi; mov call_block+40, %edi\n\t" \
    "mov call_block+48, %ebp\n\t"                          \
    "vmcall\n\t"                                           \
    "mov %eax, call_block\n\t"                             \
    "pop %edi; pop %esi; pop %ebx; pop %ebp\n\t"           \
    "ret\n"

ulong call_stub(ulong unused);

#ifdef __x86_64__
#define STRING2(x)  #x
#define STRING(x)   STRING2(x)
#define USER_COMPAT (GDT_SPARE * 8 + 3)

void call_by_compat(void);
ulong call_by_user_compat(ulong unused);

/* In 64-bit mode the way to other code and back is a far jump; what the other
 * code may lose is saved by us. */
asm(".pushsection .user_text, \"ax\"\n"
    ".globl call_stub, call_by_compat, call_by_user_compat\n"
    "call_stub:\n\t"
    "mov call_block, %rax; mov call_block+8, %rdi; mov call_block+16, %rsi\n\t"
    "mov call_block+24, %rdx; mov call_block+32, %r10; mov call_block+40, %r8\n\t"
    "mov call_block+48, %r9\n\t"
    "vmcall\n\t"
    "mov %rax, call_block\n\t"
    "ret\n"
    "call_by_compat:\n\t"
    "push %rbx; push %rbp\n\t"
    "ljmpl *call_far\n"
    "call_in_compat:\n\t"
    ".code32\n\t"
    "call call_stub_32\n\t"
    "ljmp *call_far_back\n\t"
    ".code64\n"
    "call_back:\n\t"
    "pop %rbp; pop %rbx\n\t"
    "ret\n"
    "call_by_user_compat:\n\t"
    "push %rbx; push %rbp\n\t"
    "ljmpl *call_far_user\n"
    "call_in_user_compat:\n\t"
    ".code32\n\t"
    "call call_stub_32\n\t"
    "ljmp *call_far_user_back\n\t" STUB_32 ".code64\n\t"
    ".balign 8\n"
    "call_far: .long call_in_compat; .word " STRING(
        GDT_COMPAT_CS) " * 8\n"
                       "call_far_back: .long call_back; .word " STRING(
                           GDT_KERNEL_CS) " * 8\n"
                                          "call_far_user: .long call_in_user_compat; .word " STRING(
                                              GDT_SPARE) " * 8 + 3\n"
                                                         "call_far_user_back: .long call_back; .word " STRING(
                                                             GDT_USER_CS) " * 8 + 3\n"
                                                                          ".popsection\n");

void call_init(void)
{
    gdt[GDT_SPARE] = desc_make(0, 0xfffff, 0xfb, 0xc);
}
#else
asm(".pushsection .user_text, \"ax\"\n"
    ".globl call_stub\n"
    "call_stub:\n" STUB_32 ".popsection\n");

void call_init(void) {}
#endif

int64_t call_do(const struct call *call, enum way way)
{
    bool abi32 = is_abi32(way);

    call_block[0] = call->nr;
    memcpy(call_block + 1, call->arg, sizeof(call->arg));
    switch (way) {
#ifdef __x86_64__
    case WAY_COMPAT:
        call_by_compat();
        break;
    case WAY_USER_COMPAT:
        exec_user(call_by_user_compat, 0);
        break;
#endif
    case WAY_NATIVE:
#ifndef __x86_64__
    case WAY_COMPAT:
#endif
        call_stub(0);
        break;
    default:
        exec_user(call_stub, 0);
        break;
    }
    if (is_user(way) && fault_last())
        report_failure("VMCALL in ring 3 met %s", fault_name(fault_last()));
    asm volatile("" : : : "memory");
    return abi32 ? (int32_t)call_block[0] : (int64_t)call_block[0];
}

/* A long list of frames, for a domain that is not there: read, then refused. */
void call_poison_stack(void)
{
    static uint32_t list[256];
    struct {
        uint32_t start, nr, order, flags;
        uint16_t domid;
    } op = {(ulong)list, ARRAY_SIZE(list), 0, 0, 0x7f00};
    struct call call = {.nr = __HYPERVISOR_memory_op, .arg = {XENMEM_populate_physmap, (ulong)&op}};

    memset(list, STACK_POISON, sizeof(list));
    call_do(&call, WAY_COMPAT);
}

bool has_rubble(const void *data, size_t len)
{
    const uint8_t *at = data;

    for (size_t i = 0; i + 4 <= len; i++) {
        bool poison =
            at[i] == STACK_POISON && at[i + 1] == STACK_POISON && at[i + 2] == STACK_POISON;
        bool address = at[i + 3] == 0xff && at[i + 2] == 0xff && (at[i + 1] & 0xf8) == 0x80;

        if (poison || (address && i >= 4))
            return true;
    }
    return false;
}
