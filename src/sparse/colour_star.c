/* SPDX-License-Identifier: Apache-2.0 */
/* Star and acyclic colourings after Gebremedhin, Tarafdar, Manne, Pothen (2007), who store the
 * stars and trees that two colours induce.  Here the edges of a vertex to all neighbours of one
 * colour are a single object, a bond.  They always belong to the same star or tree, and a vertex
 * adjacent to a dense column visits the colours there instead of all its neighbours. */
#include <string.h>

#include "base/alloc.h"
#include "sparse/colour_parts.h"

typedef struct bond {
    size_t up;       /* acyclic: link towards the root of the tree of two colours */
    uint32_t colour; /* colour of the neighbours at the other ends */
    uint32_t first;  /* star: the first of them */
    uint8_t several; /* whether there is more than one */
    uint8_t spoke;   /* star: there is one, and it has several neighbours of this vertex's colour */
} bond;

typedef struct palette {
    const ad_pattern *p;
    uint32_t *colour;
    bond *bond;       /* of vertex v from p->start[v] on, at most as many as its degree */
    uint32_t *bonds;  /* their number so far, of each vertex */
    uint32_t *taken;  /* of a colour: the last vertex for which it was excluded */
    uint32_t *centre; /* of a colour: the last vertex with several neighbours of it */
    bond **mine;      /* of a colour: the bond to it of the current vertex */
    int is_first;     /* whether the current vertex is the first of its colour */
    uint32_t *met;    /* acyclic, of a tree: the last vertex with a neighbour in it */
} palette;

static bond *find_bond(palette *x, uint32_t v, uint32_t colour) {
    bond *b = &x->bond[x->p->start[v]], *end = b + x->bonds[v];
    while (b < end && b->colour != colour) b++;
    return b < end ? b : NULL;
}

/* Add v to the neighbours of w with v's colour. */
static bond *add_neighbour(palette *x, uint32_t w, uint32_t v) {
    bond *b = x->is_first ? NULL : find_bond(x, w, x->colour[v]);
    if (b != NULL) {
        b->several = 1;
        return b;
    }
    size_t at = x->p->start[w] + x->bonds[w]++;
    x->bond[at] = (bond){.up = at, .colour = x->colour[v], .first = v};
    return &x->bond[at];
}

static void refuse_neighbours(palette *x, uint32_t v) {
    for (size_t k = 0; k < x->bonds[v]; k++) {
        bond *b = &x->bond[x->p->start[v] + k];
        x->taken[b->colour] = v;
        x->mine[b->colour] = b;
        if (b->several) x->centre[b->colour] = v;
    }
}

/* Exclude colours with which a path v - w - x - y would have two colours.  If v has a second
 * neighbour of w's colour, v becomes a centre, and w must have no other neighbour of v's colour.
 * Otherwise w must not be the end of a spoke to that colour. */
static void refuse_paths(palette *x, uint32_t v) {
    const ad_pattern *p = x->p;
    for (size_t e = p->start[v]; e < p->start[v + 1]; e++) {
        uint32_t w = p->index[e];
        if (w == v || x->colour[w] == AD_NO_COLOUR) continue;
        int centre = x->centre[x->colour[w]] == v;
        for (size_t k = 0; k < x->bonds[w]; k++) {
            const bond *b = &x->bond[p->start[w] + k];
            if (centre || b->spoke) x->taken[b->colour] = v;
        }
    }
}

static void grow_stars(palette *x, uint32_t v) {
    const ad_pattern *p = x->p;
    for (size_t e = p->start[v]; e < p->start[v + 1]; e++) {
        uint32_t w = p->index[e];
        if (w == v) continue;
        bond *there = add_neighbour(x, w, v);
        if (x->colour[w] == AD_NO_COLOUR) continue;
        bond *here = x->mine[x->colour[w]];
        if (there->several) {
            find_bond(x, there->first, x->colour[w])->spoke = 1;
            here->spoke = 1;
        } else if (here->several) {
            there->spoke = 1;
        }
    }
}

static size_t root(palette *x, size_t b) {
    bond *all = x->bond;
    while (all[b].up != b) b = all[b].up = all[all[b].up].up;
    return b;
}

/* Exclude colours with which two neighbours in one tree of two colours would close a cycle with
 * v. */
static void refuse_cycles(palette *x, uint32_t v) {
    const ad_pattern *p = x->p;
    for (size_t e = p->start[v]; e < p->start[v + 1]; e++) {
        uint32_t w = p->index[e];
        if (w == v || x->colour[w] == AD_NO_COLOUR) continue;
        for (size_t k = p->start[w]; k < p->start[w] + x->bonds[w]; k++) {
            uint32_t c = x->bond[k].colour;
            if (x->taken[c] == v) continue;
            size_t tree = root(x, k);
            if (x->met[tree] == v) x->taken[c] = v;
            x->met[tree] = v;
        }
    }
}

static void grow_trees(palette *x, uint32_t v) {
    const ad_pattern *p = x->p;
    for (size_t e = p->start[v]; e < p->start[v + 1]; e++) {
        uint32_t w = p->index[e];
        if (w == v) continue;
        bond *there = add_neighbour(x, w, v);
        if (x->colour[w] == AD_NO_COLOUR) continue;
        size_t a = root(x, (size_t)(there - x->bond));
        size_t b = root(x, (size_t)(x->mine[x->colour[w]] - x->bond));
        /* Either root may become the parent: halving paths keeps the trees shallow enough. */
        x->bond[a].up = b;
    }
}

static ad_status colour_graph(const ad_pattern *p, const uint32_t *order, int acyclic,
                              uint32_t *colour, size_t *colours) {
    size_t n = p->rows, entries = p->start[n], count = 0;
    palette x = {.p = p, .colour = colour};
    x.bond = ad_alloc(entries, sizeof *x.bond);
    x.bonds = ad_alloc_zeroed(n, sizeof *x.bonds);
    x.taken = ad_alloc(n + 1, sizeof *x.taken);
    x.centre = ad_alloc(n + 1, sizeof *x.centre);
    x.mine = ad_alloc(n, sizeof *x.mine);
    x.met = ad_alloc(acyclic ? entries : 0, sizeof *x.met);
    int ready = x.bond && x.bonds && x.taken && x.centre && x.mine && x.met;
    if (ready) {
        memset(x.taken, 0xff, (n + 1) * sizeof *x.taken);
        memset(x.centre, 0xff, (n + 1) * sizeof *x.centre);
        if (acyclic) memset(x.met, 0xff, entries * sizeof *x.met);
        for (size_t v = 0; v < n; v++) colour[v] = AD_NO_COLOUR;
        for (size_t k = 0; k < n; k++) {
            uint32_t v = order[k], c = 0;
            refuse_neighbours(&x, v);
            /* A vertex adjacent to all existing colours needs a new one anyway. */
            if (x.bonds[v] < count && acyclic) refuse_cycles(&x, v);
            if (x.bonds[v] < count && !acyclic) refuse_paths(&x, v);
            while (x.taken[c] == v) c++;
            colour[v] = c;
            x.is_first = c == count;
            if (acyclic) grow_trees(&x, v);
            if (!acyclic) grow_stars(&x, v);
            if (c + (size_t)1 > count) count = c + (size_t)1;
        }
        *colours = count;
    }
    ad_free(x.bond);
    ad_free(x.bonds);
    ad_free(x.taken);
    ad_free(x.centre);
    ad_free(x.mine);
    ad_free(x.met);
    return ready ? AD_OK : AD_NO_MEMORY;
}

ad_status ad_colour_star(const ad_pattern *p, const uint32_t *order, uint32_t *colour,
                         size_t *colours) {
    return colour_graph(p, order, 0, colour, colours);
}

ad_status ad_colour_acyclic(const ad_pattern *p, const uint32_t *order, uint32_t *colour,
                            size_t *colours) {
    return colour_graph(p, order, 1, colour, colours);
}
