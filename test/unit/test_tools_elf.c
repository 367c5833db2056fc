/* SPDX-License-Identifier: MIT */
/* test_tools_elf.c - the ELF reader, above all with damaged files. */
/* sources: tools/libxl/image_elf.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <elf.h>

#include "elf_make.h"
#include "libxl/image_elf.h"

#include <xen/elfnote.h>

/* Parse an exact copy, so that ASan sees the first byte outside. */
static int parse(const void *file, size_t len, struct elf_image *image, char *why)
{
    void *copy = malloc(len ? len : 1);

    memcpy(copy, file, len);
    int rc = elf_parse(copy, len, image, why, 160);
    free(copy);
    return rc;
}

static void test_good32(void **state)
{
    struct small32 f = elf_make32();
    struct elf_image image;
    char why[160];

    assert_int_equal(parse(&f, sizeof(f), &image, why), 0);
    assert_false(image.is_64bit);
    assert_false(image.is_i386);
    assert_int_equal(image.nr_segments, 1);
    assert_int_equal(image.segments[0].memsz, 0x2000);
    assert_int_equal(image.high_paddr, 0x102000);
    assert_true(image.phys32_entry.present);
    assert_int_equal(image.phys32_entry.value, 0x100070);
}

static void test_truncated_everywhere(void **state)
{
    struct small32 f = elf_make32();
    struct elf_image image;
    char why[160];

    for (size_t len = 0; len < sizeof(f); len++) {
        why[0] = '\0';
        assert_int_equal(parse(&f, len, &image, why), -1);
        assert_true(strlen(why) > 5);
    }
    parse(&f, sizeof(f) - 1, &image, why);
    assert_non_null(strstr(why, "truncated: segment 0"));
}

static void test_bytes_changed(void **state)
{
    struct elf_image image;
    char why[160];

    for (size_t at = 0; at < offsetof(struct small32, code); at++) {
        static const unsigned char values[] = {0, 1, 0x7f, 0x80, 0xfe, 0xff};

        for (size_t v = 0; v < sizeof(values); v++) {
            struct small32 f = elf_make32();

            ((unsigned char *)&f)[at] = values[v];
            if (parse(&f, sizeof(f), &image, why) < 0)
                continue;
            for (unsigned int i = 0; i < image.nr_segments; i++) {
                const struct elf_segment *s = &image.segments[i];

                assert_true(s->offset <= sizeof(f) && s->filesz <= sizeof(f) - s->offset);
                assert_true(s->filesz <= s->memsz);
                assert_true(s->paddr + s->memsz >= s->paddr);
            }
        }
    }
}

static void expect(const struct small32 *f, const char *words)
{
    struct elf_image image;
    char why[160] = "";

    assert_int_equal(parse(f, sizeof(*f), &image, why), -1);
    if (!strstr(why, words))
        fail_msg("got '%s' instead of '%s'", why, words);
}

static void test_refused(void **state)
{
    struct small32 f = elf_make32();

    f.header.e_ident[0] = 'x';
    expect(&f, "not an ELF file");
    f = elf_make32();
    f.header.e_machine = EM_ARM;
    expect(&f, "neither i386 nor x86-64");
    f = elf_make32();
    f.header.e_type = ET_REL;
    expect(&f, "no executable");
    f = elf_make32();
    f.header.e_phnum = 0;
    expect(&f, "no program headers");
    f = elf_make32();
    f.segments[0].p_filesz = f.segments[0].p_memsz + 1;
    f.segments[0].p_memsz = 8;
    f.segments[0].p_filesz = 9;
    expect(&f, "larger in the file than in memory");
    f = elf_make32();
    f.segments[1] = f.segments[0];
    f.segments[1].p_paddr += 0x1000;
    expect(&f, "overlaps");
    f = elf_make32();
    f.segments[0].p_type = PT_NULL;
    expect(&f, "nothing to load");
    f = elf_make32();
    f.note.header.n_descsz = 0xfffffff0;
    expect(&f, "a note is larger");
    f = elf_make32();
    f.segments[0].p_offset = 0xffffffff;
    expect(&f, "truncated");
}

/* ELF64 whose notes stand in a section only. */
struct small64 {
    Elf64_Ehdr header;
    Elf64_Phdr segment;
    Elf64_Shdr section;
    struct {
        Elf64_Nhdr header;
        char name[4];
        uint64_t value;
    } __attribute__((packed)) note;
    char code[16];
};

static void test_good64(void **state)
{
    struct small64 f;
    struct elf_image image;
    char why[160];

    memset(&f, 0, sizeof(f));
    memcpy(f.header.e_ident, ELFMAG, 4);
    f.header.e_ident[EI_CLASS] = ELFCLASS64;
    f.header.e_ident[EI_DATA] = ELFDATA2LSB;
    f.header.e_type = ET_EXEC;
    f.header.e_machine = EM_X86_64;
    f.header.e_phoff = offsetof(struct small64, segment);
    f.header.e_phentsize = sizeof(Elf64_Phdr);
    f.header.e_phnum = 1;
    f.header.e_shoff = offsetof(struct small64, section);
    f.header.e_shentsize = sizeof(Elf64_Shdr);
    f.header.e_shnum = 1;
    f.segment = (Elf64_Phdr){.p_type = PT_LOAD,
                             .p_offset = offsetof(struct small64, code),
                             .p_paddr = 0x100000,
                             .p_vaddr = 0xffffffff80100000,
                             .p_filesz = 16,
                             .p_memsz = 16};
    f.section = (Elf64_Shdr){.sh_type = SHT_NOTE,
                             .sh_offset = offsetof(struct small64, note),
                             .sh_size = sizeof(f.note)};
    f.note.header = (Elf64_Nhdr){4, 8, XEN_ELFNOTE_HYPERCALL_PAGE};
    memcpy(f.note.name, "Xen", 4);
    f.note.value = 0xffffffff80106000;
    assert_int_equal(parse(&f, sizeof(f), &image, why), 0);
    assert_true(image.is_64bit);
    assert_true(image.hypercall_page.present);
    assert_int_equal(image.hypercall_page.value, 0xffffffff80106000);
    assert_int_equal(image.low_vaddr, 0xffffffff80100000);
    for (size_t len = 0; len < sizeof(f); len++)
        assert_int_equal(parse(&f, len, &image, why), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good32),        cmocka_unit_test(test_truncated_everywhere),
        cmocka_unit_test(test_bytes_changed), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_good64),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
