# SPDX-License-Identifier: Apache-2.0
# Stand-ins: what a name of another module refers to after the module was adapted
# (ad_core/adapting/).  A stand-in is the original where no trace runs on the thread.


@cython.final
cdef class StandIn:
    """A function that is another one, the original, except while a trace runs on this thread:
    then it calls `traced` in its place.

    numbers: the original takes numbers alone.  `traced` is then called only if one of the arguments
    is a traced value.
    """

    cdef readonly object __wrapped__        # the original
    cdef readonly object traced
    cdef readonly bint numbers
    cdef bint binds             # as an attribute of a class, it is a method as the original is
    cdef object __weakref__

    def __init__(self, original, traced, numbers=False):
        self.__wrapped__ = original
        self.traced = traced
        self.numbers = numbers
        self.binds = hasattr(type(original), "__get__")

    def __call__(self, *args, **kwargs):
        if ad_current == NULL:
            return self.__wrapped__(*args, **kwargs)
        if self.numbers and not any_given_traced(args, kwargs):
            numbers = tuple([number_given(x) for x in args])
            if any_given_traced(numbers, None):
                return self.traced(*numbers, **kwargs)
            return self.__wrapped__(*args, **kwargs)
        return self.traced(*args, **kwargs)

    def __get__(self, owner, kind):
        if owner is None or not self.binds:
            return self
        return types.MethodType(self, owner)

    def __getattr__(self, name):
        return getattr(self.__wrapped__, name)

    def __setattr__(self, name, value):
        setattr(self.__wrapped__, name, value)

    def __getitem__(self, key):
        """The function for one type of its arguments, of a compiled function for several types."""
        return StandIn(self.__wrapped__[key], self.traced, self.numbers)

    @property
    def __doc__(self):
        return self.__wrapped__.__doc__

    def __repr__(self):
        return repr(self.__wrapped__)

    def __eq__(self, other):
        if type(other) is StandIn:
            other = (<StandIn> other).__wrapped__
        return self.__wrapped__ == other

    def __hash__(self):
        return hash(self.__wrapped__)

    def __reduce__(self):
        if is_found_by_name(self, self.__wrapped__):
            return self.__wrapped__.__qualname__
        return operator.itemgetter(0), ((self.__wrapped__,),)

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self


cdef bint any_given_traced(tuple args, dict kwargs) except -1:
    """Whether one of the arguments is a traced value."""
    for x in args:
        if is_traced(x) or is_complex(x):
            return True
    if kwargs:
        for x in kwargs.values():
            if is_traced(x) or is_complex(x):
                return True
    return False


# Stand-ins for classes of numbers (float, complex, np.float64).  dtype=, isinstance and attributes
# see a subclass of the original, which has no instances: a call makes one of the original, or a
# traced value.

cdef dict number_originals = {}     # stand-in -> (original, function that is called if traced)


class NumberKind(type):
    """The metaclass of stand-ins for classes of numbers."""

    def __new__(meta, name, bases, namespace, original=None):
        if original is None:        # a subclass of a stand-in: one of the original
            bases = tuple([kind.__wrapped__ if type(kind) is NumberKind else kind
                           for kind in bases])
            return types.new_class(name, bases, {}, lambda space: space.update(namespace))
        return type.__new__(meta, name, bases, namespace)

    def __init__(cls, name, bases, namespace, original=None):
        type.__init__(cls, name, bases, namespace)

    def __instancecheck__(cls, x):
        return isinstance(x, cls.__wrapped__)

    def __subclasscheck__(cls, kind):
        return issubclass(kind, cls.__wrapped__)

    def __eq__(cls, other):
        return True if other is cls or other is cls.__wrapped__ else NotImplemented

    def __hash__(cls):
        return hash(cls.__wrapped__)

    def __repr__(cls):
        return repr(cls.__wrapped__)


cdef object new_number(PyTypeObject *kind, tuple args, PyObject *kwargs):
    """What a call of a stand-in for a class of numbers returns."""
    original, traced = <tuple> ad_dict_get(<PyObject *> number_originals, <PyObject *> kind)
    cdef dict named = {} if kwargs == NULL else <dict> kwargs
    if ad_current != NULL and (any_given_traced(args, named) or any_traced(args)):
        return traced(*args, **named)
    if ad_current != NULL and len(args) == 1 and type(args[0]) is TracedText and (
            args[0].number is not None):
        return traced(args[0].number)
    if ad_current != NULL and original is float and len(args) == 1:
        args = (number_given(args[0]),)
        if is_traced(args[0]):
            return args[0]
    return ad_call(<PyObject *> original, <PyObject *> args, kwargs)


cdef object number_given(object x):
    """What a method __float__ returns that is written in Python, since it may be a traced value;
    x itself if its class has none."""
    kind = type(x)
    if kind is float or kind is int or kind is str:
        return x
    method = getattr(kind, "__float__", None)
    return method(x) if type(method) is FunctionType else x


def number_stand_in(original, traced):
    """The stand-in for a class of numbers.  While a trace runs on the thread, its call with
    arguments that are or contain traced values calls `traced`."""
    namespace = {"__wrapped__": original, "__slots__": (), "__doc__": original.__doc__,
                 "__module__": original.__module__, "__qualname__": original.__qualname__,
                 "dtype": np.dtype(original)}
    made = NumberKind(original.__name__, (original,), namespace, original=original)
    number_originals[made] = (original, traced)
    set_new(<PyTypeObject *> made, <void *> new_number)
    return made


copyreg.pickle(NumberKind, lambda kind: (operator.itemgetter(0), ((kind.__wrapped__,),)))


def is_complex_value(x):
    """Whether x is a traced complex number or array."""
    return is_complex(x)


cdef dict given_in_place = {}     # id of a function -> its stand-in, if it is differentiated itself


def note_in_place(original, stand_in):
    """Let a stand-in be recorded where its original is differentiated: ad_core.grad(math.exp).  The
    original must be kept alive.  Returns whether this is new."""
    if id(original) in given_in_place:
        return False
    given_in_place[id(original)] = stand_in
    return True


def in_place_of(fun):
    """What is recorded for a function: its stand-in, or itself."""
    return given_in_place.get(id(fun), fun) if given_in_place else fun


def note_exchange():
    """Note that a name of another module is exchanged."""
    add_size(&exchanges, 1)


def adapt_after(error, fun, Trace trace not None):
    """Whether a function whose run on this trace has raised an error is to be run again, since
    names that it has used were exchanged, here or on another thread.  The refusals of the first run
    are forgotten then."""
    found = hooks.adapt_after(error, fun, trace.refusal, trace.as_objects is not None)
    again = solvers_loaded_during(trace)
    if not again and (found is None or (found == 0 and trace.exchanges == exchanges)):
        return False
    trace.refusal = None
    trace.as_objects = None
    return True
