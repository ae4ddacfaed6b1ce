# SPDX-License-Identifier: Apache-2.0
"""x.flags of traced arrays, real and complex, with NumPy's names."""

from ad_core import _core

__all__ = ["Flags"]

SHORT = {
    "C": "c_contiguous", "F": "f_contiguous", "O": "owndata", "W": "writeable", "A": "aligned",
    "X": "writebackifcopy", "B": "behaved", "CA": "carray", "FA": "farray",
    "CONTIGUOUS": "c_contiguous", "FORTRAN": "f_contiguous",
}  # fmt: skip


class Flags:
    """The flags of a traced array. They can be read, and writeable can be set."""

    aligned = True
    writebackifcopy = False

    def __init__(self, x):
        object.__setattr__(self, "_array", x)
        real = x.re if _core.traced_complex(x) else x
        index = _core.index_array(real)
        dense = not _core.is_spaced(real) or index.size < 2
        object.__setattr__(self, "c_contiguous", dense and index.flags.c_contiguous)
        object.__setattr__(self, "f_contiguous", dense and index.flags.f_contiguous)
        object.__setattr__(self, "owndata", _core.base_of(real) is None)
        object.__setattr__(self, "writeable", not _core.is_locked(real))

    behaved = property(lambda self: self.writeable)
    carray = property(lambda self: self.c_contiguous and self.writeable)
    farray = property(lambda self: self.f_contiguous and self.writeable and not self.c_contiguous)
    contiguous = property(lambda self: self.c_contiguous)
    fortran = property(lambda self: self.f_contiguous)
    fnc = property(lambda self: self.f_contiguous and not self.c_contiguous)
    forc = property(lambda self: self.f_contiguous or self.c_contiguous)
    num = property(
        lambda self: 0x1 * self.c_contiguous + 0x2 * self.f_contiguous + 0x4 * self.owndata
        + 0x100 + 0x400 * self.writeable
    )  # fmt: skip

    def __getitem__(self, name):
        found = SHORT.get(name, name.lower())
        if found.startswith("_") or not hasattr(self, found):
            raise KeyError("Unknown flag")
        return getattr(self, found)

    def __setitem__(self, name, value):
        setattr(self, SHORT.get(name, name.lower()), value)

    def __setattr__(self, name, value):
        if name != "writeable":
            raise AttributeError(f"the flag {name!r} of a traced array can not be set")
        x = self._array
        for part in (x.re, x.im) if _core.traced_complex(x) else (x,):
            _core.set_locked(part, not value)
        object.__setattr__(self, "writeable", bool(value))

    def __repr__(self):
        names = ("C_CONTIGUOUS", "F_CONTIGUOUS", "OWNDATA", "WRITEABLE", "ALIGNED")
        lines = [f"  {name} : {self[name]}" for name in (*names, "WRITEBACKIFCOPY")]
        return "\n".join(lines) + "\n"
