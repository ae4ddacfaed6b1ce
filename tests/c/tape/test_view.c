/* SPDX-License-Identifier: Apache-2.0 */
#include "ad_test.h"
#include "tape/view.h"

/* The node of element (i, j, k) by definition. */
static ad_node node_at(const ad_view *view, int64_t i, int64_t j, int64_t k) {
    return (ad_node)(view->base + i * view->stride[0] + j * view->stride[1] + k * view->stride[2]);
}

TEST(view_list_is_c_order_from_any_element) {
    const ad_extent extent = {3, 2 * 3 * 5, {2, 3, 5, 0}};
    const ad_view views[] = {
        {10, AD_AFFINE, {15, 5, 1, 0}},  /* contiguous */
        {100, AD_AFFINE, {1, 2, 6, 0}},  /* transposed */
        {50, AD_AFFINE, {-15, 5, 0, 0}}, /* reversed, broadcast */
        {7, AD_AFFINE, {0, 0, 0, 0}},    /* one node everywhere */
    };
    for (size_t which = 0; which < sizeof views / sizeof *views; which++) {
        for (size_t from = 0; from < extent.count; from++) {
            ad_node got[30];
            size_t count = extent.count - from, wrong = 0;
            ad_view_list(&views[which], &extent, from, count, got);
            for (size_t n = 0; n < count; n++) {
                int64_t at = (int64_t)(from + n);
                wrong += got[n] != node_at(&views[which], at / 15, at / 5 % 3, at % 5);
            }
            CHECK(wrong == 0);
        }
    }
}

/* Walk over an extent by stretches, as a sweep does.  Returns the number of misplaced elements. */
static size_t misplaced(const ad_extent *extent, const ad_view *view, const ad_node *lists) {
    ad_node want[4096], buffer[AD_CHUNK];
    size_t wrong = 0;
    if (view->list == AD_AFFINE) {
        ad_view_list(view, extent, 0, extent->count, want);
    } else {
        for (size_t k = 0; k < extent->count; k++) want[k] = lists[view->list + k];
    }
    for (size_t k = 0, count; k < extent->count; k += count) {
        count = ad_stretch(extent, k);
        if (!CHECK(count > 0 && k + count <= extent->count)) return 1;
        ad_place place = ad_view_place(view, extent, k, count, lists, buffer);
        for (size_t n = 0; n < count; n++) {
            ad_node got = place.list != NULL ? place.list[n]
                                             : (ad_node)(place.base + (int64_t)n * place.stride);
            wrong += got != want[k + n];
        }
    }
    return wrong;
}

TEST(view_place_agrees_with_the_list) {
    ad_node lists[4096];
    for (ad_node k = 0; k < 4096; k++) lists[k] = (k * 2654435761u) >> 8;
    const ad_extent extents[] = {
        {0, 1, {0}},
        {1, 1000, {1000}},
        {2, 40 * 50, {40, 50}},      /* long rows */
        {2, 700 * 3, {700, 3}},      /* short rows, several chunks */
        {3, 5 * 7 * 33, {5, 7, 33}}, /* long rows in three dimensions */
        {4, 3 * 4 * 5 * 6, {3, 4, 5, 6}},
    };
    const ad_view views[] = {
        {3, AD_AFFINE, {1, 0, 0, 0}},
        {5000, AD_AFFINE, {-2, 5, 1, 7}},
        {0, 17, {0}},
    };
    for (size_t e = 0; e < sizeof extents / sizeof *extents; e++)
        for (size_t which = 0; which < sizeof views / sizeof *views; which++)
            CHECK(misplaced(&extents[e], &views[which], lists) == 0);
}

TEST(merge_dims_joins_dimensions_that_all_views_traverse_as_one) {
    /* (4, 5, 6): one operand contiguous, the other broadcast along the first dimension */
    int64_t shape[] = {4, 5, 6}, a[] = {30, 6, 1}, b[] = {0, 6, 1};
    int64_t *both[] = {a, b};
    REQUIRE(ad_merge_dims(3, shape, 2, both) == 2);
    CHECK(shape[0] == 4 && shape[1] == 30);
    CHECK(a[0] == 30 && a[1] == 1);
    CHECK(b[0] == 0 && b[1] == 1);
}

TEST(merge_dims_drops_dimensions_of_one) {
    int64_t shape[] = {1, 7, 1, 2, 1}, a[] = {99, 2, -5, 1, 1000};
    int64_t *strides[] = {a};
    REQUIRE(ad_merge_dims(5, shape, 1, strides) == 1);
    CHECK(shape[0] == 14);
    CHECK(a[0] == 1);

    int64_t ones[] = {1, 1}, any[] = {3, 4};
    int64_t *none[] = {any};
    CHECK(ad_merge_dims(2, ones, 1, none) == 0);
}

TEST(merge_dims_leaves_a_transpose_alone) {
    int64_t shape[] = {3, 4}, a[] = {1, 3};
    int64_t *strides[] = {a};
    CHECK(ad_merge_dims(2, shape, 1, strides) == 2);
    CHECK(shape[0] == 3 && shape[1] == 4 && a[0] == 1 && a[1] == 3);
}
