# SPDX-License-Identifier: Apache-2.0
# Colourings of sparsity patterns, and the recovery of a matrix's entries from products with it.

ORDERINGS = ("natural", "largest first", "smallest last", "incidence degree")
NO_COLOUR = AD_NO_COLOUR


cdef class Pattern:
    """The sparsity pattern of a matrix with n_columns columns.  indptr and indices describe its
    rows, as in SciPy's CSR format with sorted indices.  They are arrays of integers of any type;
    ValueError for anything else."""

    cdef ad_pattern p
    cdef cnp.ndarray start
    cdef cnp.ndarray index

    def __cinit__(self, indptr, indices, size_t n_columns):
        self.start = counted(indptr, "indptr", np.uintp)
        self.index = counted(indices, "indices", np.uint32)
        if self.start.size == 0 or self.start[self.start.size - 1] != self.index.size:
            raise ValueError("indptr must start with 0 and end with the number of indices")
        self.p.rows = <size_t> self.start.size - 1
        self.p.columns = n_columns
        self.p.start = <size_t *> cnp.PyArray_DATA(self.start)
        self.p.index = <uint32_t *> cnp.PyArray_DATA(self.index)


cdef cnp.ndarray counted(values, name, dtype):
    array = np.asarray(values)
    if array.ndim != 1 or array.size > 0 and array.dtype.kind not in "iu":
        raise ValueError(f"{name} must be a one-dimensional array of integers")
    if array.size > 0 and (array.min() < 0 or array.max() > np.iinfo(dtype).max):
        raise ValueError(f"{name} must be integers from 0 to {np.iinfo(dtype).max}")
    return np.ascontiguousarray(array, dtype)


cdef int check_pattern(ad_status status) except -1:
    if status == AD_BAD_INDEX:
        raise ValueError("indptr and indices are not a sparsity pattern: indices must be below the "
                         "number of columns and ascend strictly in each row, and the pattern of a "
                         "Hessian must be symmetric")
    return check(status)


cdef tuple colour_of(Pattern pattern, ad_colouring kind, size_t vertices, ordering):
    colours = np.empty(vertices, np.uint32)
    cdef uint32_t *colour = <uint32_t *> cnp.PyArray_DATA(<cnp.ndarray> colours)
    cdef size_t count = 0
    cdef ad_status status
    cdef ad_ordering order = AD_ORDERINGS
    if ordering != "best":
        if ordering not in ORDERINGS:
            raise ValueError(f"ordering must be 'best' or one of {ORDERINGS}, not {ordering!r}")
        order = <ad_ordering> <int> ORDERINGS.index(ordering)
    with nogil:
        if order == AD_ORDERINGS:
            status = ad_colour_best(&pattern.p, kind, colour, &count, &order)
        else:
            status = ad_colour(&pattern.p, kind, order, colour, &count)
    check_pattern(status)
    return colours, count


def colour_columns(indptr, indices, n_columns, ordering="best"):
    """(colours, count): columns of the same colour have no entries in the same row."""
    cdef Pattern pattern = Pattern(indptr, indices, n_columns)
    return colour_of(pattern, AD_COLOUR_COLUMNS, pattern.p.columns, ordering)


def colour_rows(indptr, indices, n_columns, ordering="best"):
    """(colours, count): rows of the same colour have no entries in the same column."""
    cdef Pattern pattern = Pattern(indptr, indices, n_columns)
    return colour_of(pattern, AD_COLOUR_ROWS, pattern.p.rows, ordering)


def colour_star(indptr, indices, ordering="best"):
    """(colours, count) of a star colouring of a symmetric pattern: each entry is an element of a
    product with the sum of the columns of one colour."""
    cdef Pattern pattern = Pattern(indptr, indices, max(len(indptr) - 1, 0))
    return colour_of(pattern, AD_COLOUR_STAR, pattern.p.rows, ordering)


def colour_acyclic(indptr, indices, ordering="best"):
    """(colours, count) of an acyclic colouring of a symmetric pattern: the entries follow from the
    products by substitution."""
    cdef Pattern pattern = Pattern(indptr, indices, max(len(indptr) - 1, 0))
    return colour_of(pattern, AD_COLOUR_ACYCLIC, pattern.p.rows, ordering)


def colour_bidirectional(indptr, indices, n_columns, substitution=False):
    """(column colours, their count, row colours, their count), with a small sum of both counts.
    NO_COLOUR marks columns and rows that are in no product."""
    cdef Pattern pattern = Pattern(indptr, indices, n_columns)
    columns, rows = np.empty(pattern.p.columns, np.uint32), np.empty(pattern.p.rows, np.uint32)
    cdef uint32_t *column = <uint32_t *> cnp.PyArray_DATA(<cnp.ndarray> columns)
    cdef uint32_t *row = <uint32_t *> cnp.PyArray_DATA(<cnp.ndarray> rows)
    cdef size_t column_count = 0, row_count = 0
    cdef int later = bool(substitution)
    cdef ad_status status
    with nogil:
        status = ad_colour_both(&pattern.p, later, column, &column_count, row, &row_count)
    check_pattern(status)
    return columns, column_count, rows, row_count


cdef class Recovery:
    """Recovers the entries of a matrix, in the order of its pattern, from products with it.

    The products of the column colours (sums of columns) come first, then those of the row colours.
    kind is "jacobian", for which the colours of one side may be None, or "star" or "acyclic", which
    have column colours only."""

    cdef ad_recovery r

    def __cinit__(self, kind, indptr, indices, size_t n_columns, column_colours, row_colours=None):
        cdef Pattern pattern = Pattern(indptr, indices, n_columns)
        cdef cnp.ndarray column, row
        cdef uint32_t *columns = NULL
        cdef uint32_t *rows = NULL
        cdef size_t column_count = 0, row_count = 0
        cdef ad_status status
        cdef ad_colouring which = AD_COLOUR_STAR if kind == "star" else AD_COLOUR_ACYCLIC
        if kind not in ("jacobian", "star", "acyclic"):
            raise ValueError(f"kind must be 'jacobian', 'star' or 'acyclic', not {kind!r}")
        if column_colours is not None:
            column = coloured(column_colours, pattern.p.columns, &column_count)
            columns = <uint32_t *> cnp.PyArray_DATA(column)
        if row_colours is not None:
            row = coloured(row_colours, pattern.p.rows, &row_count)
            rows = <uint32_t *> cnp.PyArray_DATA(row)
        if kind != "jacobian" and (columns == NULL or rows != NULL):
            raise ValueError(f"a {kind} colouring has column colours and no row colours")
        cdef bint symmetric = kind != "jacobian"
        with nogil:
            if not symmetric:
                status = ad_recovery_make_both(&pattern.p, columns, column_count, rows, row_count,
                                               &self.r)
            else:
                status = ad_recovery_make(&pattern.p, which, columns, column_count, &self.r)
        if status == AD_BAD_INDEX:
            raise ValueError("products of these colours do not determine every entry of this "
                             "pattern")
        check(status)

    def __dealloc__(self):
        ad_recovery_free(&self.r)

    @property
    def packed(self):
        """The number of elements of all products together."""
        return self.r.packed

    @property
    def direct(self):
        """Whether all entries are elements of products, without substitution."""
        return self.r.steps == 0

    def __call__(self, products):
        """The entries, of shape (..., entries), from products of shape (..., packed)."""
        cdef cnp.ndarray packed = np.ascontiguousarray(products, np.float64)
        if packed.ndim == 0 or packed.shape[packed.ndim - 1] != <Py_ssize_t> self.r.packed:
            raise ValueError(f"products must have {self.r.packed} numbers along their last axis")
        shape = tuple([packed.shape[k] for k in range(<size_t> packed.ndim - 1)])
        entries = np.empty((*shape, self.r.entries))
        cdef double *to = <double *> cnp.PyArray_DATA(<cnp.ndarray> entries)
        cdef const double *numbers = <double *> cnp.PyArray_DATA(packed)
        cdef size_t k, count = 1
        for k in range(<size_t> packed.ndim - 1):
            count *= <size_t> packed.shape[k]
        with nogil:
            ad_recover(&self.r, count, numbers, to)
        return entries


cdef cnp.ndarray coloured(colours, size_t n, size_t *count):
    array = counted(colours, "colours", np.uint32)
    if <size_t> array.size != n:
        raise ValueError(f"colours must be {n} numbers, not {array.size}")
    some = array[array != NO_COLOUR]
    count[0] = int(some.max()) + 1 if some.size > 0 else 0
    if count[0] > n:
        raise ValueError("colours must be numbered from 0 on without gaps")
    return array
