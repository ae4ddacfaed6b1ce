/* SPDX-License-Identifier: Apache-2.0 */
/* The one door to the allocator.  Nothing else in src/ calls malloc, realloc
 * or free, so that a test can make the n-th allocation fail. */
#ifndef AD_ALLOC_H
#define AD_ALLOC_H

#include <stddef.h>

#include "base/status.h"

/* count * size bytes, or NULL when that overflows or memory is out. */
void *ad_alloc(size_t count, size_t size);
void *ad_alloc_zeroed(size_t count, size_t size);
void ad_free(void *memory);

#define AD_LINE 64 /* bytes of a cache line */

/* The same on a cache line's boundary, where vectors do not straddle two lines. */
void *ad_alloc_lines(size_t count, size_t size);
void ad_free_lines(void *memory);

/* Make *memory hold at least `need` items of `size` bytes, growing by half as
 * much again; *capacity is in items.  The items stay; on failure nothing changes. */
ad_status ad_grow(void **memory, size_t *capacity, size_t need, size_t size);

/* The same for memory whose items need not stay, and no larger than needed. */
ad_status ad_renew(void **memory, size_t *capacity, size_t need, size_t size);

/* Test hook: the n-th allocation from now on fails, and so does every later
 * one until the hook is reset with 0. */
void ad_alloc_fail_at(long n);

#endif
