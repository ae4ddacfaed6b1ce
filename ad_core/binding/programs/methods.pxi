# SPDX-License-Identifier: Apache-2.0
# The numbers and names of an Evaluator's methods.

cdef enum:
    VALUE, JACOBIAN, VALUE_AND_JACOBIAN, GRAD, VALUE_AND_GRAD, HESSIAN, JVP, VJP, HVP
    SPARSE_JACOBIAN, SPARSE_HESSIAN, SPARSE_VALUE_AND_JACOBIAN, GGNVP, WEIGHTED_GGNVP
    LAGRANGIAN_HESSIAN, SPARSE_LAGRANGIAN_HESSIAN, HOLOMORPHIC_JACOBIAN
    HOLOMORPHIC_VALUE_AND_JACOBIAN, METHODS

METHOD_NAMES = ("value", "jacobian", "value_and_jacobian", "grad", "value_and_grad", "hessian",
                "jvp", "vjp", "hvp", "sparse_jacobian", "sparse_hessian",
                "sparse_value_and_jacobian", "ggnvp", "weighted_ggnvp", "lagrangian_hessian",
                "sparse_lagrangian_hessian", "holomorphic_jacobian",
                "holomorphic_value_and_jacobian")


cdef int jacobian_method(bint sparse, bint holomorphic) except -1:
    """The method for a Jacobian with these options."""
    if sparse and holomorphic:
        raise TypeError("sparse=True is for real arrays, and holomorphic=True for complex ones; "
                        "leave one of them out")
    return SPARSE_JACOBIAN if sparse else HOLOMORPHIC_JACOBIAN if holomorphic else JACOBIAN
