# SPDX-License-Identifier: Apache-2.0
# Locks and atomic variables for what threads share (docs/design.md, Threads).  With a GIL all of
# them compile to nothing or to plain accesses: code of the binding that calls no Python code is not
# interrupted by another thread.

cdef extern from *:
    """
    #ifdef Py_GIL_DISABLED
    #if PY_VERSION_HEX < 0x030E0000
    #error "the free-threaded CPython 3.13 is not supported; use 3.14 or later"
    #endif
    #include <stdatomic.h>

    /* The lock of all variables of the process that are not atomic.  It is held only where no
       Python code can run and nothing is freed. */
    static PyMutex ad_mutex;
    #define ad_lock() PyMutex_Lock(&ad_mutex)
    #define ad_unlock() PyMutex_Unlock(&ad_mutex)

    #define AD_SHARED(type) _Atomic(type)
    #define ad_release(flag) atomic_store_explicit(flag, 0, memory_order_release)
    #define ad_add(at, value) ((void)atomic_fetch_add(at, value))
    #define ad_try_take(flag) (!atomic_exchange_explicit(flag, 1, memory_order_acquire))
    #define AD_POINT_ROOMS 16

    static PyObject *ad_dict_find(PyObject *space, PyObject *name) {
        PyObject *found;
        return PyDict_GetItemRef(space, name, &found) < 0 ? NULL : found;
    }
    #else
    #define ad_lock() ((void)0)
    #define ad_unlock() ((void)0)
    #define AD_SHARED(type) type
    #define ad_release(flag) ((void)(*(flag) = 0))
    #define ad_add(at, value) ((void)(*(at) += (value)))
    #define ad_try_take(flag) (*(flag) ? 0 : (*(flag) = 1))
    #define AD_POINT_ROOMS 1

    static PyObject *ad_dict_find(PyObject *space, PyObject *name) {
        PyObject *found = PyDict_GetItemWithError(space, name);
        Py_XINCREF(found);
        return found;
    }
    #endif
    typedef AD_SHARED(int) ad_shared_int;
    typedef AD_SHARED(size_t) ad_shared_size;
    typedef AD_SHARED(void *) ad_shared_pointer;
    """
    void ad_lock() noexcept
    void ad_unlock() noexcept
    # Variables of these types are read and assigned atomically, but x += 1 is not atomic.
    ctypedef int ad_shared_int
    ctypedef size_t ad_shared_size
    ctypedef void *ad_shared_pointer
    void add_int "ad_add"(ad_shared_int *at, int value) noexcept
    void add_size "ad_add"(ad_shared_size *at, size_t value) noexcept
    # Whether a flag was 0.  It is 1 afterwards, and its owner gives it back by ad_release().
    bint ad_try_take(ad_shared_int *flag) noexcept
    void ad_release(ad_shared_int *flag) noexcept
    cdef enum:
        AD_POINT_ROOMS          # how many threads may evaluate one program at single points

    # A new reference to the value of a key, or NULL without an exception if there is none.
    PyObject *ad_dict_find(PyObject *space, PyObject *name) except? NULL


cdef extern from *:
    """
    /* After a fork no other thread holds the lock. */
    static void ad_new_lock(void) {
    #ifdef Py_GIL_DISABLED
        memset(&ad_mutex, 0, sizeof ad_mutex);
    #endif
    }
    """
    void ad_new_lock() noexcept


def renew_lock():
    """Release the lock in a forked child, in which the thread that may have held it does not
    exist."""
    ad_new_lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=renew_lock)
