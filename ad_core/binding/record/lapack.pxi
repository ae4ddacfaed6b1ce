# SPDX-License-Identifier: Apache-2.0
# The LAPACK routines that compute functions of matrices: those of the library that NumPy's linalg
# is linked with or, if they are not found there, those that SciPy exports for C.  SciPy is not
# imported for them.  Without them, every function but those of small matrices is computed by its
# rule in Python.

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
    bint ad_lapack_set(const ad_lapack *lapack)
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
    bint ad_linear_curves(const ad_linear *linear)
    ad_status ad_linear_curve(ad_linear *linear, const double *x, const double *dx,
                              const double *y, const double *dy, const double *w,
                              const double *dw, double *out)
    size_t ad_linear_most_points(const ad_linear *linear, int product)
    void ad_linear_values_at(const ad_linear *linear, size_t points, const double *x, double *y,
                             unsigned char *left)
    void ad_linear_products_at(const ad_linear *linear, int backward, size_t points, size_t p,
                               const double *x, const double *y, const double *seed, double *out,
                               unsigned char *left)


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

cdef object lapack_found = None     # the module that has the routines; None: not looked up yet
ROUTINES = ("gemm", "trsm", "getrf", "getrs", "getri", "potrf", "geqrf", "orgqr", "syevd")
# How libraries name their routines.  OpenBLAS, as NumPy's wheels contain it, has the first names.
SYMBOLS = ("scipy_d{}_64_", "d{}_64_", "scipy_d{}_", "d{}_")


cdef bint set_lapack(list addresses) except -1:
    cdef ad_lapack lapack
    cdef list at = addresses
    lapack.gemm = <void *> <size_t> at[0]
    lapack.trsm = <void *> <size_t> at[1]
    lapack.getrf = <void *> <size_t> at[2]
    lapack.getrs = <void *> <size_t> at[3]
    lapack.getri = <void *> <size_t> at[4]
    lapack.potrf = <void *> <size_t> at[5]
    lapack.geqrf = <void *> <size_t> at[6]
    lapack.orgqr = <void *> <size_t> at[7]
    lapack.syevd = <void *> <size_t> at[8]
    return ad_lapack_set(&lapack)


cdef list numpy_routines():
    """The addresses of the routines in the library that np.linalg is linked with; [] if it does not
    show them."""
    import ctypes       # NumPy has imported it

    try:
        library = ctypes.CDLL(np.linalg._umath_linalg.__file__)
    except (AttributeError, OSError):
        return []
    for symbol in SYMBOLS:
        try:
            found = [library[symbol.format(name)] for name in ROUTINES]
        except AttributeError:
            continue
        return [ctypes.cast(routine, ctypes.c_void_p).value for routine in found]
    return []


cdef list scipy_routines():
    """The same for the library of SciPy, if it has been imported."""
    cdef list found = []
    if "scipy.linalg" not in sys_modules:
        return found
    try:
        from scipy.linalg import cython_blas, cython_lapack
    except ImportError:
        return found
    for name in ROUTINES:
        table = cython_blas if name in ("gemm", "trsm") else cython_lapack
        capsule = table.__pyx_capi__["d" + name]
        found.append(<size_t> PyCapsule_GetPointer(capsule, PyCapsule_GetName(capsule)))
    return found


def has_lapack():
    """Whether there is a LAPACK.  NumPy's is looked up once, and SciPy's as long as there is no
    other."""
    if lapack_found is None and sys.byteorder == "little":
        take_lapack(numpy_routines())
    if not lapack_found and sys.byteorder == "little":
        take_lapack(scipy_routines())
    return bool(lapack_found)


cdef int take_lapack(list routines) except -1:
    """Use these routines, if there are any, unless another thread has set some."""
    global lapack_found
    ad_lock()
    try:
        if not lapack_found:
            lapack_found = bool(routines) and set_lapack(routines)
    finally:
        ad_unlock()
    return 0


def without_lapack():
    """For tests: let there be no LAPACK. Must be called before it is looked up."""
    global lapack_found
    lapack_found = False
