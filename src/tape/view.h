/* SPDX-License-Identifier: Apache-2.0 */
/* The nodes of an operand of an array operation: an affine rule (base and one stride per dimension)
 * or an explicit list.  Views hold indices only, no values. */
#ifndef AD_VIEW_H
#define AD_VIEW_H

#include <stddef.h>
#include <stdint.h>

typedef uint32_t ad_node;

#define AD_DIMS 4      /* dimensions of an extent, after merging */
#define AD_CHUNK 512   /* maximum number of elements handled at once through a buffer */
#define AD_AFFINE UINT32_MAX
#define AD_ANY_DIMS 64 /* dimensions of a shape before merging: NumPy's maximum */

/* The elements of an array operation in C order. count is the product of size. */
typedef struct ad_extent {
    uint32_t ndim, count;
    uint32_t size[AD_DIMS];
} ad_extent;

/* If list is AD_AFFINE, element (i, j, ...) is node base + i stride[0] + j stride[1] ...; otherwise
 * element k is entry list + k of the tape's list array. */
typedef struct ad_view {
    ad_node base;
    uint32_t list;
    int64_t stride[AD_DIMS];
} ad_view;

/* The nodes of successive elements of a view: element k is node base + k stride, or list[k]. */
typedef struct ad_place {
    ad_node base;
    int64_t stride;
    const ad_node *list; /* NULL: affine */
} ad_place;

/* Returns the node of element k. */
static inline ad_node ad_place_node(ad_place place, size_t k) {
    return place.list != NULL ? place.list[k] : (ad_node)(place.base + (int64_t)k * place.stride);
}

/* Merge adjacent dimensions that all stride vectors, `views` of them, traverse like a single one,
 * and drop those of size 1.  No dimension may be empty.  Works in place on the ndim entries of
 * shape and strides, and returns the new number of dimensions. */
int ad_merge_dims(int ndim, int64_t *shape, int views, int64_t *const strides[]);

/* Write the nodes of elements [from, from + count), in C order, of an affine rule over any
 * shape. */
void ad_rule_list(int ndim, const int64_t *shape, ad_node base, const int64_t *stride, size_t from,
                  size_t count, ad_node *out);

/* The same for an affine view over its extent. */
void ad_view_list(const ad_view *view, const ad_extent *extent, size_t from, size_t count,
                  ad_node *out);

/* Returns how many elements from k on can be placed together in every view of this extent: the rest
 * of the innermost row if rows are long, else up to AD_CHUNK across rows. */
size_t ad_stretch(const ad_extent *extent, size_t k);

/* Returns how many elements before number `end` > 0 can be placed together, as ad_stretch(). */
size_t ad_stretch_before(const ad_extent *extent, size_t end);

/* Returns the nodes of elements [k, k + count), where count <= ad_stretch(extent, k).  `lists` is
 * the tape's list array.  `buffer` has room for AD_CHUNK nodes and holds them if rows are short. */
ad_place ad_view_place(const ad_view *view, const ad_extent *extent, size_t k, size_t count,
                       const ad_node *lists, ad_node *buffer);

#endif
