/* SPDX-License-Identifier: MIT */
/* sources: xen/common/heap.c */
/* defines: -D__XEN__ */
/*
 * The small heap on pages of the host: contents, alignment, and that every
 * page comes back.
 */
#include <cairn/lib.h>
#include <cairn/mm.h>
#include <cairn/spinlock.h>

#include <setjmp.h>
#include <cmocka.h>

/* From the host's C library; its headers would clash with ours. */
void *aligned_alloc(size_t align, size_t size);
void free(void *p);
int rand(void);
noreturn void abort(void);

/* ---- what heap.c needs ---- */

static unsigned long pages_out;
static struct {
    void *va;
    struct page_info pg;
} big[64];

void *alloc_xen_pages(unsigned int order, unsigned int memf)
{
    void *va = aligned_alloc(PAGE_SIZE, PAGE_SIZE << order);

    memset(va, 0, PAGE_SIZE << order);
    pages_out += 1ul << order;
    for (unsigned int i = 0; order && i < ARRAY_SIZE(big); i++) {
        if (!big[i].va) {
            big[i].va = va;
            break;
        }
    }
    return va;
}

void free_xen_pages(void *va, unsigned int order)
{
    pages_out -= 1ul << order;
    for (unsigned int i = 0; i < ARRAY_SIZE(big); i++)
        if (big[i].va == va)
            big[i].va = NULL;
    free(va);
}

/* A fake frame number: the address itself. */
mfn_t virt_to_mfn(const void *va)
{
    return _mfn((uintptr_t)va);
}

struct page_info *mfn_to_page(mfn_t mfn)
{
    static struct page_info order0;

    for (unsigned int i = 0; i < ARRAY_SIZE(big); i++)
        if (big[i].va == (void *)mfn_x(mfn))
            return &big[i].pg;
    order0.order = 0;
    return &order0;
}

void spin_lock(spinlock_t *l)
{
    assert_false(l->held++);
}

void spin_unlock(spinlock_t *l)
{
    assert_int_equal(l->held--, 1);
}

void bug(const char *file, int line, const char *what)
{
    abort();
}

/* ---- the tests ---- */

static void test_sizes_and_zero(void **state)
{
    for (size_t size = 1; size < 9000; size += size < 64 ? 1 : 61) {
        unsigned char *p = xzalloc_bytes(size, 16), *q = xzalloc_bytes(size, 16);

        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 16, 0);
        assert_ptr_not_equal(p, q);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xaa, size);
        memset(q, 0x55, size);
        assert_int_equal(p[size - 1], 0xaa);
        xfree(p);
        p = xzalloc_bytes(size, 16);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(p[i], 0);
        xfree(p);
        xfree(q);
        assert_int_equal(pages_out, 0);
        assert_int_equal(heap_bytes_used(), 0);
    }
    xfree(NULL);
}

static void test_alignment_beyond_a_class(void **state)
{
    void *p = xzalloc_bytes(40, 64);

    assert_int_equal((uintptr_t)p % 64, 0);
    xfree(p);
    assert_null(xzalloc_bytes(40, 2 * PAGE_SIZE));
    assert_int_equal(pages_out, 0);
}

static void test_random(void **state)
{
    static struct {
        unsigned char *p;
        size_t size;
        unsigned char fill;
    } obj[300];

    for (unsigned int step = 0; step < 60000; step++) {
        unsigned int i = rand() % ARRAY_SIZE(obj);

        if (obj[i].p) {
            for (size_t k = 0; k < obj[i].size; k++)
                assert_int_equal(obj[i].p[k], obj[i].fill);
            xfree(obj[i].p);
            obj[i].p = NULL;
        } else {
            obj[i].size = 1 + rand() % 2100;
            obj[i].fill = rand();
            obj[i].p = xzalloc_bytes(obj[i].size, 16);
            memset(obj[i].p, obj[i].fill, obj[i].size);
        }
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(obj); i++)
        xfree(obj[i].p);
    assert_int_equal(pages_out, 0);
    assert_int_equal(heap_bytes_used(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes_and_zero),
        cmocka_unit_test(test_alignment_beyond_a_class),
        cmocka_unit_test(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
