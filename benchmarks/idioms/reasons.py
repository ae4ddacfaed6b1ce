# SPDX-License-Identifier: Apache-2.0
"""Why bounds of idioms are missed, where they are."""

RULE_CALLS = (
    "a rule is Python code: each of its calls takes some ten microseconds, in a recording and in a "
    "program"
)
RULE_ARRAYS = "the rule consists of several operations on arrays, beside the function's"
DENSE_SYSTEM = (
    "the derivative solves a dense system of n equations, the value n equations one by one"
)
LITTLE_WORK = (
    "the value reads its input once, or a part of it; the gradient is an array as large as the "
    "input, which is made and written"
)
CHAIN = (
    "each operation waits for the one before, so that a program has no arrays of equal operations"
)
LAPACK = "LAPACK computes factors for the derivative that the value does not need"
FACTORS = "the derivative takes several products of n x n matrices, the value less than one in all"
REPLAYED = (
    "the compiled call repeats the operations on arrays and writes all intermediate results to "
    "memory"
)
PATHS = (
    "the recording of a new path costs as much as a one-shot call, and its key comes in addition"
)
SHORT = "a call of a microsecond is mostly Python: keys, checks and the results' containers"
ENTRIES = (
    "each entry is a term of the graph, of which many are made before the cheapest route is known"
)
MEMORY = "graph and program of the whole mesh exist at once while the program is made"
OBJECTS = "each number of the list is a Python object, which is looked at once for each recording"
THIN = (
    "a call of einsum takes ten microseconds in a trace, which products of thin matrices do not "
    "outweigh"
)
TRANSPOSED = (
    "nine numbers are read and nine written for each point, transposed between rows and lanes, "
    "which takes longer than the determinant"
)
MILLIONS = "the matrix has two million entries, of which the set-up takes 0.3 to 0.4 µs for each"
EDGES = "an array of all edges of all numbers is written for each operation, and read backwards"
INTERVALS = (
    "the interval is found by several functions of NumPy, each of which takes a microsecond or two "
    "in a trace"
)
