# SPDX-License-Identifier: Apache-2.0
"""C for a list of instructions: straight-line code in a loop over points, for vectors.

There are three layouts of the points: ``columns`` (a row for each scalar, points along it),
``blocks`` (the same within every `LANES` points) and ``rows`` (point after point, as NumPy users
have them, computed by blocks and transposed).
"""

from ad_core.programs.c_source import expression, helpers_of, literal

LANES = 8
"""Points in a block: two vectors of four doubles."""

# glibc declares the vector forms of these functions, in libmvec, only under -ffast-math.
VECTORISED = ("sin(double)", "cos(double)", "exp(double)", "log(double)", "pow(double, double)")
HEAD = "#include <math.h>\n" + "".join(
    f"#pragma omp declare simd notinbranch\n__attribute__((const)) extern double {function};\n"
    for function in VECTORISED
)

LOOPS = {
    "columns": """
void run(long n, const double *restrict x, double *restrict out) {{
#pragma omp simd
  for (long j = 0; j < n; j++) {{
{code}
  }}
}}
""",
    "blocks": """
void run(long n, const double *restrict x, double *restrict out) {{
  for (long i = 0; i < n; i += {lanes}, x += {D} * {lanes}, out += {E} * {lanes}) {{
#pragma omp simd
    for (long j = 0; j < {lanes}; j++) {{
{code}
    }}
  }}
}}
""",
    "rows": """
static void block(const double *restrict x, double *restrict out) {{
#pragma omp simd
  for (long j = 0; j < {lanes}; j++) {{
{code}
  }}
}}
void run(long n, const double *restrict x, double *restrict out) {{
  double in[{D} * {lanes}], result[{E} * {lanes}];
  for (long i = 0; i < n; i += {lanes}) {{
    const long lanes = n - i < {lanes} ? n - i : {lanes};
    for (long j = 0; j < {lanes}; j++)
      for (long d = 0; d < {D}; d++) in[d * {lanes} + j] = x[(i + (j < lanes ? j : 0)) * {D} + d];
    block(in, result);
    for (long j = 0; j < lanes; j++)
      for (long e = 0; e < {E}; e++) out[(i + j) * {E} + e] = result[e * {lanes} + j];
  }}
}}
""",
}


def statements(instructions, outputs, stride):
    """The code for point ``j``; ``stride`` is the distance of neighbouring scalars."""
    lines, names = [], []
    for k, (op, operands, number) in enumerate(instructions):
        if op == "constant":
            names.append(literal(number))
        elif op == "input":
            names.append(f"t{k}")
            lines.append(f"const double t{k} = x[{int(number)} * {stride} + j];")
        else:
            names.append(f"t{k}")
            text = expression(op, [names[i] for i in operands])
            lines.append(f"const double t{k} = {text};")
    lines += [f"out[{e} * {stride} + j] = {names[slot]};" for e, slot in enumerate(outputs)]
    return lines


def source(instructions, outputs, D, layout):
    """A C file that exports ``run(n, x, out)`` for one layout."""
    stride = "n" if layout == "columns" else LANES
    code = "\n".join("      " + line for line in statements(instructions, outputs, stride))
    helpers = "".join(f"{line}\n" for line in helpers_of(code))
    return HEAD + helpers + LOOPS[layout].format(code=code, lanes=LANES, D=D, E=len(outputs))
