/* SPDX-License-Identifier: Apache-2.0 */
/* The only access to the allocator.  Nothing else in src/ calls malloc, realloc or free, so that a
 * test can make the n-th allocation fail. */
#ifndef AD_ALLOC_H
#define AD_ALLOC_H

#include <stddef.h>

#include "base/status.h"

/* Allocate count * size bytes, uninitialised or zeroed.  The caller owns them and releases them
 * with ad_free().  Returns NULL if the product overflows or memory is exhausted. */
void *ad_alloc(size_t count, size_t size);
void *ad_alloc_zeroed(size_t count, size_t size);
void ad_free(void *memory);

#define AD_LINE 64 /* bytes of a cache line */

/* The same, uninitialised and aligned to a cache line, so that no vector straddles two lines.  Such
 * memory is released with ad_free_lines(). */
void *ad_alloc_lines(size_t count, size_t size);
void ad_free_lines(void *memory);

/* Make *memory hold at least `need` items of `size` bytes.  Its capacity grows by a half or to
 * `need`, whichever is more; *capacity counts items.  The items are kept.  Returns AD_OK, or
 * AD_NO_MEMORY with nothing changed. */
ad_status ad_grow(void **memory, size_t *capacity, size_t need, size_t size);

/* The same for memory whose items need not be kept, and with a capacity of exactly `need`. */
ad_status ad_renew(void **memory, size_t *capacity, size_t need, size_t size);

/* Test hook: the n-th allocation from now on fails, and so does every later one until the hook is
 * reset with n = 0. */
void ad_alloc_fail_at(long n);

#endif
