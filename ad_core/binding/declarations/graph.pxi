# SPDX-License-Identifier: Apache-2.0
# Declarations of the C headers in src/graph that the binding uses.

cdef extern from "graph/graph.h" nogil:
    ctypedef uint32_t ad_term
    ad_term AD_NO_TERM
    int AD_GRAPH_INPUT
    int AD_GRAPH_CONSTANT
    int AD_GRAPH_SUM
    ctypedef struct ad_vertex:
        uint32_t op
        ad_term x[3]
    ctypedef struct ad_call_rule:
        void *rule
        uint32_t elementwise
    ctypedef struct ad_graph:
        ad_vertex *vertex
        ad_call_rule *rule
        size_t terms
        size_t lists
        size_t inputs
        size_t rules
        size_t limit
        ad_status status
    ad_status ad_graph_init(ad_graph *g, size_t inputs, size_t limit)
    void ad_graph_free(ad_graph *g)
    size_t ad_graph_bytes(const ad_graph *g)
    ad_term ad_graph_input(ad_graph *g)
    ad_term ad_graph_constant(ad_graph *g, double value)
    size_t ad_graph_arity(const ad_graph *g, ad_term t)
    ad_term ad_graph_operand(const ad_graph *g, ad_term t, size_t j)
    int ad_graph_is_constant(const ad_graph *g, ad_term t, double *value)
    int ad_graph_is_zero(const ad_graph *g, ad_term t)
    ad_term ad_graph_product(ad_graph *g, ad_term a, ad_term b)
    void ad_graph_truncate(ad_graph *g, size_t terms, size_t lists)
    size_t ad_graph_live(const ad_graph *g, size_t n, const ad_term *outputs, uint8_t *live)
    const char *ad_graph_name(unsigned op)

cdef extern from "graph/lower.h" nogil:
    ad_status ad_lower(const ad_tape *tape, size_t D, const ad_node *input, size_t K,
                       const ad_node *output, ad_graph *g, ad_term *outputs, ad_term *guards)
    ad_status ad_lower_onto(const ad_tape *tape, size_t D, const ad_node *input,
                            const ad_term *given, size_t K, const ad_node *output, ad_graph *g,
                            ad_term *outputs)
    size_t ad_lower_size(const ad_tape *tape)
    size_t ad_lower_edges(const ad_tape *tape)
    size_t ad_lower_products(const ad_tape *tape)
    size_t ad_lower_calls(const ad_tape *tape)

cdef extern from "graph/mapping.h" nogil:
    ctypedef struct ad_mapping:
        ad_graph *graph
        size_t D
        size_t K
        const ad_term *input
        const ad_term *output
    ctypedef struct ad_entry:
        uint32_t row
        uint32_t column
        ad_term term
    ctypedef struct ad_entries:
        ad_entry *entry
        size_t count
        size_t room

cdef extern from "graph/routes.h" nogil:
    ctypedef int ad_route
    int AD_ROUTES
    const char *ad_route_name(unsigned route)
    ad_status ad_route_jacobian(const ad_mapping *f, ad_route route, ad_entries *entries)
    ad_status ad_route_cheapest(const ad_mapping *f, size_t n, const ad_term *also, size_t most,
                                size_t *operations, ad_route *route, ad_entries *entries)

cdef extern from "graph/accumulate.h" nogil:
    ad_status ad_accumulate_push(const ad_mapping *f, const ad_term *tangent, ad_term *out)
    ad_status ad_accumulate_pull(const ad_mapping *f, const ad_term *cotangent, ad_term *out)
