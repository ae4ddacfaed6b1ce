# SPDX-License-Identifier: Apache-2.0
# The LAPACK routines that SciPy exports for C.  They are looked up when the first function of
# matrices is recorded.  Without them, every function is computed by its rule in Python.

cdef extern from "linalg/linear.h" nogil:
    ctypedef int ad_linear_kind
    int AD_LINEAR_KINDS
    ctypedef struct ad_linear_info:
        const char *name
        const char *source
        const char *rule
    const ad_linear_info *ad_linear_table
    unsigned AD_LINEAR_LOWER
    unsigned AD_LINEAR_TRANSPOSED
    unsigned AD_LINEAR_UNIT
    ctypedef struct ad_lapack:
        void *gemm
        void *trsm
        void *getrf
        void *getrs
        void *getri
        void *potrf
        void *geqrf
        void *orgqr
        void *syevd
    void ad_lapack_set(const ad_lapack *lapack)
    ctypedef struct ad_linear
    ad_linear *ad_linear_new(ad_linear_kind kind, size_t batch, size_t n, size_t k, unsigned flags)
    void ad_linear_free(ad_linear *linear)
    ad_status ad_linear_fix(ad_linear *linear, const double *matrices)
    size_t ad_linear_inputs(const ad_linear *linear)
    size_t ad_linear_outputs(const ad_linear *linear)
    bint ad_linear_undetermined(const ad_linear *linear, const double *y)
    ad_status ad_linear_value(ad_linear *linear, const double *x, double *y)
    ad_status ad_linear_push(ad_linear *linear, const double *x, const double *y, size_t p,
                             const double *tangent, double *out)
    ad_status ad_linear_pull(ad_linear *linear, const double *x, const double *y, size_t p,
                             const double *adjoint, double *out)


def linear_table():
    """The rows of src/linalg/linear.def: name, source of the C function, rule in Python."""
    cdef int kind
    rows = []
    for kind in range(AD_LINEAR_KINDS):
        rows.append((ad_linear_table[kind].name.decode(), ad_linear_table[kind].source.decode(),
                     ad_linear_table[kind].rule.decode()))
    return rows


cdef dict LINEAR_KINDS = {name: kind for kind, (name, _, _) in enumerate(linear_table())}
LINEAR_FLAGS = {
    "lower": AD_LINEAR_LOWER, "transposed": AD_LINEAR_TRANSPOSED, "unit": AD_LINEAR_UNIT}

cdef object lapack_found = None     # None: not looked up yet


cdef void *routine(object table, str name) except NULL:
    """A routine of one of SciPy's tables; ImportError unless its integers are C ints."""
    cdef const char *signature = PyCapsule_GetName(table[name])
    if b"int *" not in signature:
        raise ImportError(f"SciPy's {name} has another signature: {signature.decode()}")
    return PyCapsule_GetPointer(table[name], signature)


def has_lapack():
    """Whether SciPy's LAPACK is available; looked up once."""
    global lapack_found
    cdef ad_lapack lapack
    if lapack_found is None:
        try:
            from scipy.linalg import cython_blas, cython_lapack
            lapack.gemm = routine(cython_blas.__pyx_capi__, "dgemm")
            lapack.trsm = routine(cython_blas.__pyx_capi__, "dtrsm")
            lapack.getrf = routine(cython_lapack.__pyx_capi__, "dgetrf")
            lapack.getrs = routine(cython_lapack.__pyx_capi__, "dgetrs")
            lapack.getri = routine(cython_lapack.__pyx_capi__, "dgetri")
            lapack.potrf = routine(cython_lapack.__pyx_capi__, "dpotrf")
            lapack.geqrf = routine(cython_lapack.__pyx_capi__, "dgeqrf")
            lapack.orgqr = routine(cython_lapack.__pyx_capi__, "dorgqr")
            lapack.syevd = routine(cython_lapack.__pyx_capi__, "dsyevd")
            ad_lapack_set(&lapack)
            lapack_found = True
        except ImportError:
            lapack_found = False
    return lapack_found
