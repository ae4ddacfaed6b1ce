# SPDX-License-Identifier: Apache-2.0
"""Programs written as C: one file that needs nothing but <math.h>.

A small program becomes straight code with a variable for each operation. A larger one works on an
array of numbers, with a loop for each run of like operations, so that compilers take seconds even
for 10^5 operations. The formulas are those of the table of operations (src/ops/ops.def); functions
that it uses beyond <math.h> are copied from the header ad_core_math.h.
"""

import math
import re
from functools import cache, partial, reduce
from pathlib import Path

from ad_core import _core
from ad_core.programs.include import get_include

__all__ = ["expression", "helpers_of", "literal", "source"]

STRAIGHT = 1500  # operations up to which the code is straight
FOLDS = {"sum": "{} + {}", "max": "ad_maximum({}, {})", "min": "ad_minimum({}, {})"}
LANES = 8  # numbers of a vector
FEW = 16  # operands of a reduction that is written out
PER_LINE = 16
HEAD = """\
/* {name}, written by ad_core {version}.
 *
 * Each function takes its inputs x one after the other and writes its results to y. work has room
 * for n_work numbers (NULL if that is 0). It returns 0, or one more than the number of the first
 * comparison whose outcome is not that of the recording; then y is NaN. Compiled with
 * -ffp-contract=off and without -ffast-math, results do not depend on the compiler. x, y and work
 * must not overlap. */
"""


def literal(number):
    """A number as an exact constant in C."""
    if math.isnan(number):
        return "NAN"
    if math.isinf(number):
        return "INFINITY" if number > 0 else "(-INFINITY)"
    text = repr(float(number))
    return f"({text})" if text.startswith("-") else text


def _formulas():
    """{operation: its formula in a, b, c}."""
    return dict(_core.program_formulas())


_formulas = cache(_formulas)


def expression(op, operands, in_order=False):
    """The C expression of an operation on the texts of its operands.

    Reductions of LANES terms and more add every LANES-th term first, as vectors do, unless
    in_order.
    """
    if op in FOLDS:
        return _reduction(op, operands, in_order)
    if op == "dot":
        pairs = zip(operands[::2], operands[1::2], strict=True)
        return _reduction("sum", [f"{a} * {b}" for a, b in pairs], in_order)
    names = dict(zip("abc", operands, strict=False))
    return re.sub(r"\b[abc]\b", lambda found: names[found[0]], _formulas()[op])


def _reduction(op, terms, in_order):
    rest = 0
    if in_order or len(terms) < LANES:
        folded, rest = terms[0], 1
    else:
        rest = len(terms) - len(terms) % LANES
        lanes = [reduce(partial(_fold, op), terms[k:rest:LANES]) for k in range(LANES)]
        if op == "sum":
            lanes = [f"({lane})" for lane in lanes]
        folded = _halved(op, lanes)
    for term in terms[rest:]:
        folded = _fold(op, folded, term)
    return f"{folded} + 0" if op == "sum" else folded


def _fold(op, a, b):
    return FOLDS[op].format(a, b)


def _halved(op, terms):
    """The terms of a power of two, folded in pairs."""
    while len(terms) > 1:
        terms = [_fold(op, *pair) for pair in zip(terms[::2], terms[1::2], strict=True)]
        if op == "sum" and len(terms) > 1:
            terms = [f"({term})" for term in terms]
    return f"({terms[0]})" if op == "sum" else terms[0]


def _header():
    """({constant: its definition}, {function: its definition}) of ad_core_math.h, in order."""
    text = Path(get_include(), "ad_core_math.h").read_text("utf-8")
    constants = {
        name: line for line, name in re.findall(r"^(#define (AD_[A-Z]\w*) .+)$", text, re.M)
    }
    one_line, several = r"[^\n]*\}\n", r"[^\n]*\n(?: [^\n]*\n|\n)*\}\n"
    pattern = rf"^static inline double (ad_\w+)\((?:{one_line}|{several})"
    found = re.finditer(pattern, text, re.MULTILINE)
    return constants, {function[1]: function[0].rstrip() for function in found}


_header = cache(_header)


def helpers_of(code):
    """The definitions that code needs before it: constants and functions of ad_core_math.h."""
    constants, functions = _header()
    needed, new = set(), set(re.findall(r"\b(?:ad_|AD_|sel)\w*", code))
    while new:
        needed |= new
        texts = [constants.get(name, "") + functions.get(name, "") for name in new]
        new = set(re.findall(r"\b(?:ad_|AD_|sel)\w*", "\n".join(texts))) - needed
    lines = [text for name, text in constants.items() if name in needed]
    if "sel" in needed:
        lines.append("#define sel(condition, yes, no) ((condition) ? (yes) : (no))")
    return lines + [text for name, text in functions.items() if name in needed]


def source(name, parts, version):
    """The text of a C file. parts: (method, description, Call, texts of its guards)."""
    if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
        raise ValueError(f"name must be a C identifier such as 'arm', got {name!r}")
    body = []
    for method, description, call, lines in parts:
        body += _function(f"{name}_{method}", description, call, lines)
    code = "\n".join(body)
    head = [
        *HEAD.format(name=name, version=version).splitlines(),
        "#include <math.h>",
        "#include <stddef.h>",
        "#include <stdint.h>",
        "",
        *helpers_of(code),
        "",
    ]
    return "\n".join(head) + "\n" + code + "\n"


def _function(name, description, call, lines):
    """The definition of one function, with the strict variant if derivatives may need it."""
    program, facts = call.program, _listing(call, False)
    inputs = sum(count for _, count in facts["parts"])
    own = [f"/* {_comment(description)}: {inputs} inputs, {facts['outputs']} results"]
    own += [f" * comparison {k}: {_comment(line) or '?'}" for k, line in enumerate(lines)]
    straight = program.operations <= STRAIGHT
    room = 0 if straight else facts["slots"]
    strict = None
    if facts["guarded"]:
        strict = _listing(call, True)
        room = max(room, 0 if straight else strict["slots"])
    text = [
        *own[:-1], own[-1] + " */",
        f"enum {{ {name}_n_in = {inputs}, {name}_n_out = {facts['outputs']}, "
        f"{name}_n_work = {room} }};",
    ]  # fmt: skip
    write = _straight if straight else _loops
    if strict is not None:
        text += write(f"static int {name}_strict", f"{name}_strict", strict, None)
    text += write(f"int {name}", name, facts, f"{name}_strict" if strict is not None else None)
    return [*text, ""]


def _listing(call, strict):
    """Program.listing(), with the parts of its inputs that the arguments are."""
    return call.program.listing(strict) | {"parts": call.input_parts()}


def _comment(text):
    """Text of the user's that can not end a comment."""
    return text.replace("*/", "* /").replace("/*", "/ *").replace("\n", " ")


def _guards(facts, slot):
    """The statements that check the comparisons."""
    lines = []
    for k, (at, expected) in enumerate(facts["guards"]):
        sign = "==" if expected else "!="
        lines += [
            f"    if ({slot(at)} {sign} 0) {{",
            f"        for (size_t k = 0; k < {facts['outputs']}; k++) y[k] = NAN;",
            f"        return {k + 1};",
            "    }",
        ]
    return lines


def _check(facts, strict):
    """The statements that call the strict variant where a derivative is not finite."""
    if strict is None:
        return []
    return [
        f"    for (size_t k = {facts['checked']}; k < {facts['outputs']}; k++) {{",
        f"        if (!(y[k] - y[k] == 0)) return {strict}(x, y, work);",
        "    }",
    ]


def _straight(opening, name, facts, strict):
    inputs, constants = facts["inputs"], facts["constants"]
    names, given = {}, 0
    for first, count in facts["parts"]:
        names |= {first + k: f"x[{given + k}]" for k in range(count)}
        given += count
    names |= {inputs + k: literal(value) for k, value in enumerate(constants)}
    lines = [
        f"{opening}(const double *x, double *y, double *work) {{",
        "    (void)x, (void)y, (void)work;",
    ]
    used = {slot for _, slot in facts["places"].tolist()} | {slot for slot, _ in facts["guards"]}
    for _, out, operands, _ in reversed(facts["runs"]):
        for k, row in reversed([*enumerate(operands.tolist())]):
            used.update(row if out + k in used else ())
    for op, out, operands, affine in facts["runs"]:
        in_order = _in_order(op, len(operands), affine)
        for k, row in enumerate(operands.tolist()):
            slot = out + k
            if slot not in used:
                continue
            names[slot] = f"v{slot}"
            value = expression(op, [names[j] for j in row], in_order)
            lines.append(f"    const double v{slot} = {value};")
    lines += _guards(facts, names.get)
    written = dict(facts["places"].tolist())
    for k in range(facts["outputs"]):
        lines.append(f"    y[{k}] = {names[written[k]] if k in written else '0'};")
    return [*lines, *_check(facts, strict), "    return 0;", "}"]


def _table(kind, name, numbers):
    """A constant array."""
    lines = [f"static const {kind} {name}[{len(numbers)}] = {{"]
    for k in range(0, len(numbers), PER_LINE):
        lines.append("    " + ", ".join(numbers[k : k + PER_LINE]) + ",")
    return [*lines, "};"]


def _loops(opening, name, facts, strict):
    inputs, constants, listed, body = facts["inputs"], facts["constants"], [], []
    for op, out, operands, affine in facts["runs"]:
        body += _loop(op, out, operands, affine, f"{name}_operands", listed)
    lines = []
    if constants:
        lines += _table("double", f"{name}_constants", [literal(value) for value in constants])
    if listed:
        lines += _table("uint32_t", f"{name}_operands", [str(slot) for slot in listed])
    places = facts["places"]
    if len(places):
        lines += _table("uint32_t", f"{name}_places", [str(k) for k in places.ravel().tolist()])
    lines += [
        f"{opening}(const double *x, double *y, double *work) {{",
        "    double *w = work;",
        "    (void)x, (void)y;",
    ]
    given = 0
    for first, count in facts["parts"]:
        lines.append(f"    for (size_t k = 0; k < {count}; k++) w[{first} + k] = x[{given} + k];")
        given += count
    if constants:
        lines.append(
            f"    for (size_t k = 0; k < {len(constants)}; k++) "
            f"w[{inputs} + k] = {name}_constants[k];"
        )
    lines += body
    lines += _guards(facts, "w[{}]".format)
    lines.append(f"    for (size_t k = 0; k < {facts['outputs']}; k++) y[k] = 0;")
    if len(places):
        lines.append(
            f"    for (const uint32_t *p = {name}_places; p < {name}_places + {2 * len(places)}; "
            "p += 2) y[p[0]] = w[p[1]];"
        )
    return [*lines, *_check(facts, strict), "    return 0;", "}"]


def _loop(op, out, operands, affine, table, listed):
    """The statements of one run."""
    count, arity = operands.shape
    if count == 1 and arity <= FEW:
        terms = [f"w[{slot}]" for slot in operands[0].tolist()]
        return [f"    w[{out}] = {expression(op, terms, _in_order(op, count, affine))};"]
    head = f"    for (size_t k = 0; k < {count}; k++) {{"
    if affine is None:
        head += f" const uint32_t *i = {table} + {len(listed)} + k * {arity};"
        listed.extend(operands.ravel().tolist())
    if op not in FOLDS and op != "dot":
        terms = [_element(affine, j, 1, "0") for j in range(arity)]
        return [f"{head} w[{out} + k] = {expression(op, terms)}; }}"]
    return [head, *_reduced(op, out, arity, affine, _in_order(op, count, affine)), "    }"]


def _in_order(op, count, affine):
    """Whether the evaluator computes the results of a reduction beside one another, so that each
    has its terms in order."""
    if affine is None or count < LANES:
        return False
    strides = [stride for _, stride, _ in affine]
    return all(0 <= step <= 1 for step in strides[:2]) if op == "dot" else strides[0] == 1


def _reduced(op, out, arity, affine, in_order):
    """The statements that compute one result of a reduction."""
    factors = 2 if op == "dot" else 1
    op, count = ("sum" if op == "dot" else op), arity // factors

    def term(r):
        return " * ".join(_element(affine, j, factors, r) for j in range(factors))

    each = partial(_fold, op)
    end = " + 0" if op == "sum" else ""
    if in_order or count < LANES:
        return [
            f"        double s = {term('0')};",
            f"        for (size_t r = 1; r < {count}; r++) s = {each('s', term('r'))};",
            f"        w[{out} + k] = s{end};",
        ]
    rest = count - count % LANES
    lanes = _halved(op, [f"t[{j}]" for j in range(LANES)])
    return [
        f"        double s, t[{LANES}];",
        f"        for (size_t r = 0; r < {LANES}; r++) t[r] = {term('r')};",
        f"        for (size_t r = {LANES}; r < {rest}; r++) "
        f"t[r % {LANES}] = {each(f't[r % {LANES}]', term('r'))};",
        f"        s = {lanes};",
        f"        for (size_t r = {rest}; r < {count}; r++) s = {each('s', term('r'))};",
        f"        w[{out} + k] = s{end};",
    ]


def _element(affine, j, factors, r):
    """Operand j of element k, or factor j of its term r in a reduction."""
    if affine is None:
        return f"w[i[{factors} * {r} + {j}]]" if r != "0" else f"w[i[{j}]]"
    base, stride, inner = affine[j]
    return f"w[{base} + {stride} * (ptrdiff_t)k" + (
        f" + {inner} * (ptrdiff_t){r}]" if r == "r" else "]"
    )
