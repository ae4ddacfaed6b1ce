# SPDX-License-Identifier: Apache-2.0
"""Idioms of NumPy code at up to three sizes: what a derivative costs in units of the function.

Each file of ``subjects/`` has the idioms of a subject, with their bounds. A figure beyond its bound
is shown as missed.
"""

import importlib

SUBJECTS = (
    *("elementary", "loops", "branches", "reductions", "accumulations", "sorting", "indexing"),
    *("stencils", "products", "networks", "algebra", "batches", "transforms", "special"),
    *("lists", "rules", "sparse", "paths", "scans", "mixtures", "interpolation", "polynomials"),
    *("histograms", "distances", "operations", "starts"),
)
"""The files of ``subjects/``, in the order of the report."""


def subject(name):
    """The idioms of a subject."""
    return importlib.import_module(f"benchmarks.idioms.subjects.{name}").SUBJECT


def find(subject_name, name):
    """One idiom."""
    (found,) = (idiom for idiom in subject(subject_name) if idiom.name == name)
    return found
