/* SPDX-License-Identifier: Apache-2.0 */
#include "tape/view.h"

#define LONG_ROW 16 /* shorter rows are listed node by node, which then is cheaper */

int ad_merge_dims(int ndim, int64_t *shape, int views, int64_t *const strides[]) {
    int last = -1; /* the dimension being merged into */
    for (int d = 0; d < ndim; d++) {
        if (shape[d] == 1) continue;
        int joins = last >= 0;
        for (int j = 0; joins && j < views; j++) {
            joins = strides[j][last] == strides[j][d] * shape[d];
        }
        if (joins) {
            shape[last] *= shape[d];
        } else {
            shape[++last] = shape[d];
        }
        for (int j = 0; j < views; j++) strides[j][last] = strides[j][d];
    }
    return last + 1;
}

void ad_rule_list(int ndim, const int64_t *shape, ad_node base, const int64_t *stride, size_t from,
                  size_t count, ad_node *out) {
    int64_t at[AD_ANY_DIMS], node = base;
    size_t rest = from;
    for (int d = ndim - 1; d >= 0; d--) {
        at[d] = (int64_t)(rest % (size_t)shape[d]);
        rest /= (size_t)shape[d];
        node += at[d] * stride[d];
    }
    if (ndim == 0) {
        for (size_t k = 0; k < count; k++) out[k] = base;
        return;
    }
    const int last = ndim - 1;
    const ad_node step = (ad_node)stride[last];
    for (size_t k = 0, m; k < count; k += m) { /* row by row */
        const size_t left = (size_t)(shape[last] - at[last]);
        m = count - k < left ? count - k : left;
        for (size_t e = 0; e < m; e++) out[k + e] = (ad_node)node + (ad_node)e * step;
        node -= at[last] * stride[last];
        at[last] = 0;
        for (int d = last - 1; d >= 0; d--) {
            node += stride[d];
            if (++at[d] < shape[d]) break;
            node -= shape[d] * stride[d];
            at[d] = 0;
        }
    }
}

void ad_view_list(const ad_view *view, const ad_extent *extent, size_t from, size_t count,
                  ad_node *out) {
    int64_t shape[AD_DIMS] = {0};
    for (uint32_t d = 0; d < extent->ndim; d++) shape[d] = extent->size[d];
    ad_rule_list((int)extent->ndim, shape, view->base, view->stride, from, count, out);
}

/* The node of element k of an affine view. */
static ad_node element_node(const ad_view *view, const ad_extent *extent, size_t k) {
    int64_t node = view->base;
    uint32_t rest = (uint32_t)k;
    for (uint32_t d = extent->ndim; d-- > 0;) {
        node += (int64_t)(rest % extent->size[d]) * view->stride[d];
        rest /= extent->size[d];
    }
    return (ad_node)node;
}

size_t ad_stretch(const ad_extent *extent, size_t k) {
    size_t left = extent->count - k;
    if (extent->ndim <= 1) return left;
    uint32_t row = extent->size[extent->ndim - 1];
    if (row >= LONG_ROW) return row - k % row;
    return left < AD_CHUNK ? left : AD_CHUNK;
}

size_t ad_stretch_before(const ad_extent *extent, size_t end) {
    if (extent->ndim <= 1) return end;
    uint32_t row = extent->size[extent->ndim - 1];
    if (row >= LONG_ROW) return (end - 1) % row + 1;
    return end < AD_CHUNK ? end : AD_CHUNK;
}

ad_place ad_view_place(const ad_view *view, const ad_extent *extent, size_t k, size_t count,
                       const ad_node *lists, ad_node *buffer) {
    ad_place place = {view->base, 0, NULL};
    if (view->list != AD_AFFINE) {
        place.list = lists + view->list + k;
    } else if (extent->ndim <= 1) {
        place.stride = extent->ndim == 1 ? view->stride[0] : 0;
        place.base = (ad_node)(view->base + (int64_t)k * place.stride);
    } else if (extent->size[extent->ndim - 1] >= LONG_ROW) {
        place.base = element_node(view, extent, k);
        place.stride = view->stride[extent->ndim - 1];
    } else {
        ad_view_list(view, extent, k, count, buffer);
        place.list = buffer;
    }
    return place;
}
