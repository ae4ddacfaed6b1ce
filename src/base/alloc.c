/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE /* for madvise */
#include "base/alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

#include "base/atomic.h"

/* Atomic because sweeps of different threads allocate without the GIL. */
static long countdown;

static int must_fail(void) {
    if (AD_LOAD_RELAXED(&countdown) == 0) return 0;
    long left = AD_ADD_RELAXED(&countdown, -1) - 1;
    if (left > 0) return 0;
    AD_STORE_RELAXED(&countdown, 1); /* later allocations fail too, until a reset */
    return 1;
}

void ad_alloc_fail_at(long n) { AD_STORE_RELAXED(&countdown, n); }

/* Ask the kernel for large pages under a large array, as NumPy does: the page faults of the first
 * accesses then cost next to nothing. */
static void *with_huge_pages(void *memory, size_t bytes) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    const size_t large = (size_t)1 << 22, page = 4096;
    if (memory != NULL && bytes >= large) {
        size_t skip = (page - (uintptr_t)memory % page) % page;
        madvise((char *)memory + skip, bytes - skip, MADV_HUGEPAGE);
    }
#else
    (void)bytes;
#endif
    return memory;
}

/* glibc returns the freed end of its heap to the kernel once it exceeds twice the largest block that
 * was ever freed, up to 32 MiB. Every page that is asked for again costs a page fault, which takes
 * longer than most operations on a page of numbers. So a block of this size, which is never written
 * to, is freed before the first large array. */
static void keep_freed_memory(size_t bytes) {
#ifdef __GLIBC__
    static unsigned char done;
    const size_t large = (size_t)1 << 17, most = ((size_t)1 << 25) - ((size_t)1 << 16);
    if (bytes < large || AD_EXCHANGE_RELAXED(&done, 1)) return;
    void *volatile block = malloc(most); /* volatile: or else the compiler leaves it out */
    free(block);
#else
    (void)bytes;
#endif
}

void *ad_alloc(size_t count, size_t size) {
    if (must_fail() || (size != 0 && count > SIZE_MAX / size)) return NULL;
    size_t bytes = count * size;
    keep_freed_memory(bytes);
    return with_huge_pages(malloc(bytes != 0 ? bytes : 1), bytes);
}

void *ad_alloc_zeroed(size_t count, size_t size) {
    if (must_fail() || (size != 0 && count > SIZE_MAX / size)) return NULL;
    return calloc(count != 0 ? count : 1, size);
}

void ad_free(void *memory) { free(memory); }

/* The pointer that malloc returned is stored just before the aligned address. */
void *ad_alloc_lines(size_t count, size_t size) {
    if (size != 0 && count > (SIZE_MAX - 2 * AD_LINE) / size) return NULL;
    char *memory = ad_alloc(count * size + AD_LINE + sizeof memory, 1);
    if (memory == NULL) return NULL;
    char *from = memory + sizeof memory;
    char *line = from + (AD_LINE - (uintptr_t)from % AD_LINE) % AD_LINE;
    memcpy(line - sizeof memory, &memory, sizeof memory);
    return line;
}

void ad_free_lines(void *memory) {
    char *from = NULL;
    if (memory != NULL) memcpy(&from, (char *)memory - sizeof from, sizeof from);
    ad_free(from);
}

ad_status ad_grow(void **memory, size_t *capacity, size_t need, size_t size) {
    if (need <= *capacity) return AD_OK;
    size_t room = *capacity + *capacity / 2 + 64;
    if (room < need) room = need;
    if (must_fail() || room > SIZE_MAX / size) return AD_NO_MEMORY;
    keep_freed_memory(room * size);
    void *grown = realloc(*memory, room * size);
    if (grown == NULL) return AD_NO_MEMORY;
    *memory = grown;
    *capacity = room;
    return AD_OK;
}

ad_status ad_renew(void **memory, size_t *capacity, size_t need, size_t size) {
    if (need <= *capacity) return AD_OK;
    void *larger = ad_alloc(need, size);
    if (larger == NULL) return AD_NO_MEMORY;
    ad_free(*memory);
    *memory = larger;
    *capacity = need;
    return AD_OK;
}
