# SPDX-License-Identifier: Apache-2.0
# A program that any language calls by a pointer.  Its rules are copies without the Python object,
# so that they fail where the tape's own would call Python.

cdef class CodeOfProgram:
    """The memory that a C function refers to, and the function itself."""

    cdef Program owner
    cdef ad_program fast, strict            # copies, with rules of their own
    cdef called *rules                      # of the program, then of the strict program
    cdef ad_call_rule *fast_rule
    cdef ad_call_rule *strict_rule
    cdef const char **lines
    cdef object kept                        # arrays and texts that pointers lead to
    cdef const ad_core_function *function

    def __dealloc__(self):
        if self.function != NULL:
            ad_cfunction_release(self.function)
        ad_free(self.rules)
        ad_free(self.fast_rule)
        ad_free(self.strict_rule)
        ad_free(<void *> self.lines)

    cdef int set_program(self, Program program, bint derivative) except -1:
        """Copy the program and its rules.  derivative: whether its results need derivatives, which
        undetermined results do not have."""
        self.owner = program
        program.need_lanes()
        if program.fast.guarded:
            program.need_strict()
            program.need_lanes()
        with cython.critical_section(program):
            self.fast, self.strict = program.fast, program.strict
        self.rules = <called *> ad_alloc(self.fast.rules + self.strict.rules, sizeof(called))
        self.fast_rule = self.own_rules(&self.fast, self.rules, derivative)
        self.strict_rule = self.own_rules(&self.strict, self.rules + self.fast.rules, derivative)
        return 0

    cdef ad_call_rule *own_rules(self, ad_program *p, called *to, bint derivative) except? NULL:
        cdef ad_call_rule *rules = <ad_call_rule *> ad_alloc(p.rules, sizeof(ad_call_rule))
        cdef size_t k
        if rules == NULL or self.rules == NULL:
            ad_free(rules)
            raise MemoryError("no memory for a C function")
        for k in range(p.rules):
            rules[k] = p.rule[k]
            if (<called *> p.rule[k].rule).elementwise:
                (<Called> (<called *> p.rule[k].rule).object).find_loop()
            to[k] = (<called *> p.rule[k].rule)[0]
            to[k].object = NULL
            to[k].undetermined = to[k].undetermined and derivative
            rules[k].rule = &to[k]
        p.rule = rules
        return rules

    cdef object calling_python(self):
        """The rule of a call that would have to call Python; None if there is none."""
        cdef const ad_program *p = &self.owner.fast
        cdef const ad_program_run *run
        cdef Called rule
        cdef size_t k
        for k in range(p.runs):
            run = &p.run[k]
            if run.op != AD_RUN_CALL:
                continue
            rule = <Called> (<called *> p.rule[run.base[0]].rule).object
            if rule.c.elementwise:
                if rule.c.loop == NULL or run.base[1] != AD_CALL_VALUE:
                    return rule.rule
            elif rule.c.linear == NULL:
                return rule.rule
        return None


cdef void release_capsule(object capsule) noexcept:
    """A capsule's destructor: its context is a reference to the function's memory."""
    cdef PyObject *code = <PyObject *> PyCapsule_GetContext(capsule)
    Py_XDECREF(code)


cdef class CFunction:
    """A method of a tape as a function that C and other languages call.

    ``Tape.cfunction`` makes it.  ``capsule`` and ``address`` lead to an ``ad_core_function``, the
    struct of the header ``ad_core.h`` in the folder ``ad_core.get_include()``.  It is valid as long
    as this object or one of its capsules exists.

    n_in, n_out, n_work: the numbers of doubles of the arguments and of the results at one point,
    and of the work memory that each calling thread needs.
    rows, columns: of a sparse matrix, the row and column of each entry, as int32 arrays; else None.

    >>> import numpy as np, ad_core
    >>> tape = ad_core.trace(lambda x: np.array([x[0] * x[1], x[1]]), np.ones(2))
    >>> f = tape.cfunction("jacobian")
    >>> f.n_in, f.n_out, f.rows
    (2, 4, None)
    """

    cdef CodeOfProgram code
    cdef readonly str name
    cdef readonly object rows, columns

    def __cinit__(self, Call call not None, str name, list lines, structure, Py_ssize_t n_value,
                  bint derivative):
        """structure: the SparsePattern of the results after the first n_value, or None.  lines: the
        text of each guard.  derivative: as in set_program()."""
        cdef CodeOfProgram code = CodeOfProgram.__new__(CodeOfProgram)
        cdef ad_cfunction_spec spec
        cdef Py_ssize_t k
        memset(&spec, 0, sizeof(spec))
        code.set_program(call.program, derivative)
        found = code.calling_python()
        if found is not None:
            raise ValueError(
                f"{name} calls {found.name}, which runs Python code, but a C function must not "
                f"call Python; write it with NumPy's functions, or call the tape from Python")
        spec.program = &code.fast
        spec.strict = &code.strict if code.fast.guarded else NULL
        spec.lanes = call.program.lanes
        for first, count in call.input_parts():
            if spec.parts == AD_CFUNCTION_PARTS:
                raise RuntimeError("internal error: the inputs of a C function are in many parts")
            spec.part[spec.parts] = ad_cfunction_part(first, count)
            spec.parts += 1
        code.lines = <const char **> ad_alloc(code.fast.guards, sizeof(char *))
        if code.lines == NULL:
            raise MemoryError("no memory for a C function")
        texts = [text.encode() for text in lines] + [name.encode()]
        for k in range(<Py_ssize_t> code.fast.guards):
            code.lines[k] = texts[k]
        spec.line = code.lines
        spec.name = texts[len(texts) - 1]
        if structure is not None:
            self.rows = np.asarray(structure.rows, np.int32)
            self.columns = np.asarray(structure.indices, np.int32)
            for array in (self.rows, self.columns):
                array.flags.writeable = False
            spec.row = <int32_t *> cnp.PyArray_DATA(<cnp.ndarray> self.rows)
            spec.column = <int32_t *> cnp.PyArray_DATA(<cnp.ndarray> self.columns)
            spec.n_rows, spec.n_columns = structure.shape
        spec.n_value = n_value
        code.kept = (texts, self.rows, self.columns)
        code.function = ad_cfunction_new(&spec)
        if code.function == NULL:
            raise MemoryError("no memory for a C function")
        self.code = code
        self.name = name

    @property
    def capsule(self):
        """A PyCapsule named "ad_core.function" that holds the pointer and keeps it valid."""
        capsule = PyCapsule_New(<void *> self.code.function, AD_CORE_CAPSULE, NULL)
        PyCapsule_SetContext(capsule, <void *> self.code)
        Py_INCREF(self.code)
        PyCapsule_SetDestructor(capsule, release_capsule)
        return capsule

    @property
    def address(self):
        """The address of the ad_core_function, an integer."""
        return <size_t> self.code.function

    @property
    def self_address(self):
        """The first argument of the functions, an integer."""
        return <size_t> self.code.function.self

    @property
    def begin_address(self):
        """The address of ``begin(self, work)``."""
        return <size_t> self.code.function.begin

    @property
    def eval_address(self):
        """The address of ``eval(self, x, y, work)``."""
        return <size_t> self.code.function.eval

    @property
    def eval_many_address(self):
        """The address of ``eval_many(self, n, x, y, work)``."""
        return <size_t> self.code.function.eval_many

    @property
    def n_in(self):
        """The number of doubles of the arguments at one point."""
        return self.code.function.n_in

    @property
    def n_out(self):
        """The number of doubles of the results at one point."""
        return self.code.function.n_out

    @property
    def n_work(self):
        """The number of doubles of the work memory of a thread."""
        return self.code.function.n_work

    @property
    def lines(self):
        """The line of code of each comparison whose outcome is part of the recording, a tuple."""
        cdef const ad_core_function *f = self.code.function
        cdef size_t k
        return tuple([f.line(f.self, k).decode() for k in range(f.n_guards)])

    def work(self):
        """New work memory for one thread, ready for use: a float64 array of n_work numbers."""
        cdef const ad_core_function *f = self.code.function
        cdef cnp.ndarray memory = np.empty(f.n_work)
        f.begin(f.self, <double *> cnp.PyArray_DATA(memory))
        return memory

    def __reduce__(self):
        raise TypeError("a C function is a pointer into this process and can not be pickled; "
                        "pickle the tape, and make the function where it is loaded")

    def __repr__(self):
        return f"CFunction({self.name}: {self.n_in} numbers -> {self.n_out} numbers)"
