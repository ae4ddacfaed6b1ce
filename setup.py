"""Build the one extension, ad_core._core: everything else is in pyproject.toml.

Switches, read from the environment:
AD_CORE_SANITIZE=address,undefined  instrument with these sanitizers
AD_CORE_DEBUG=1                     no optimisation, assertions on (AD_DEBUG defined)
AD_CORE_COVERAGE=1                  gcov counters
AD_CORE_WERROR=1                    warnings of the C compiler are errors
CC=clang                            another compiler; on Windows clang-cl is taken without it
"""

import os
import re
import shutil
import sys
import sysconfig
import tomllib
from concurrent.futures import ThreadPoolExecutor
from glob import glob
from pathlib import Path

import numpy as np
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError


def switch(name):
    """Whether a switch is on; unset, empty and 0 mean off."""
    return os.environ.get(name, "") not in ("", "0")


def flags():
    """Compiler and linker arguments: (compile, link)."""
    if sys.platform == "win32":
        # Options of clang-cl. /fp:precise alone would let it contract, see below.
        compile_args = ["/std:c11", "/O2", "/fp:precise", "/clang:-ffp-contract=off", "/W3"]
        if switch("AD_CORE_DEBUG"):
            compile_args += ["/Od", "/Zi", "/UNDEBUG", "/DAD_DEBUG=1"]
        if switch("AD_CORE_WERROR"):
            compile_args += ["/WX"]
        return compile_args, []

    # No -march: one build serves every machine, and the lane kernels choose at import.
    # No contraction: an fma here and none there would make two ways to one number disagree.
    compile_args = ["-std=c11", "-O2", "-g0", "-ffp-contract=off", "-fno-math-errno"]
    # A lane helper passes wide vectors, to its own file alone: there is no ABI to warn about.
    compile_args += ["-fvisibility=hidden", "-Wall", "-Wextra", "-Wno-psabi"]
    link_args = []
    if switch("AD_CORE_DEBUG"):
        compile_args += ["-O0", "-g3", "-UNDEBUG", "-DAD_DEBUG=1"]
    if switch("AD_CORE_SANITIZE"):
        sanitizers = f"-fsanitize={os.environ['AD_CORE_SANITIZE']}"
        compile_args += [sanitizers, "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]
        compile_args += ["-O1", "-g", "-UNDEBUG", "-DAD_DEBUG=1"]
        link_args += [sanitizers]
    if switch("AD_CORE_COVERAGE"):
        compile_args += ["--coverage", "-O0", "-g"]
        link_args += ["--coverage"]
    if switch("AD_CORE_WERROR"):
        compile_args += ["-Werror"]
    return compile_args, link_args


def flags_of(source):
    """What one file is compiled with besides: the options of its instruction set."""
    listed = Path(source).with_suffix(".flags")
    if not listed.is_file():
        return []
    options = listed.read_text(encoding="utf-8").split()
    machine = sysconfig.get_platform().rpartition("-")[2]
    if machine == "universal2":  # one call compiles for two machines
        return [word for option in options for word in ("-Xarch_x86_64", option)]
    return options if machine in ("x86_64", "amd64") else []


def use_clang_cl(compiler):
    """Let setuptools' class for cl.exe, which ignores CC, call clang-cl: cl.exe has no vectors."""
    if not compiler.initialized:
        compiler.initialize()
    name = os.environ.get("CC", "clang-cl")
    compiler.cc = shutil.which(name, path=compiler._paths)
    if compiler.cc is None:
        raise CompileError(
            f"{name} is not on PATH. On Windows ad_core is compiled by clang-cl: install LLVM, or "
            f'"C++ Clang tools for Windows" of Visual Studio'
        )
    # Optimisation across files is cl.exe's own.
    compiler.compile_options.remove("/GL")


class Build(build_ext):
    """setuptools' own, with the options of single files added and one compiler for each core."""

    def build_extensions(self):
        if sys.platform == "win32":
            use_clang_cl(self.compiler)
        else:
            compile_all, compile_one = self.compiler.compile, self.compiler._compile

            def compile_with_flags(obj, src, ext, cc_args, extra_postargs, pp_opts):
                extra_postargs = [*extra_postargs, *flags_of(src)]
                compile_one(obj, src, ext, cc_args, extra_postargs, pp_opts)

            def compile_at_once(sources, **options):
                # The extension's own file comes first and takes as long as all others together.
                with ThreadPoolExecutor(self.parallel or os.cpu_count()) as pool:
                    objects = pool.map(lambda source: compile_all([source], **options), sources)
                    return [file for files in objects for file in files]

            self.compiler._compile = compile_with_flags
            self.compiler.compile = compile_at_once
        super().build_extensions()


if sysconfig.get_config_var("Py_GIL_DISABLED") and sys.version_info < (3, 14):
    sys.exit("the free-threaded CPython 3.13 is not supported; use 3.14t, or one with a GIL")

compile_args, link_args = flags()

[extension] = cythonize(
    Extension(
        "ad_core._core",
        ["ad_core/_core.pyx"],
        include_dirs=["src", "ad_core/include", np.get_include()],
        define_macros=[("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION")],
        extra_compile_args=compile_args,
        extra_link_args=link_args,
        libraries={"linux": ["m", "dl"], "win32": []}.get(sys.platform, ["m"]),
    ),
    build_dir="build/cython",
    compiler_directives={
        "language_level": 3,
        "boundscheck": False,
        "wraparound": False,
    },
)
# Added after cythonize, which would compile copies of them in its build directory.
extension.sources += sorted(glob("src/*/*.c"))
# Without these an edited header, op table or include would not rebuild anything.
extension.depends += sorted(
    file
    for pattern in (
        "ad_core/include/*.h",
        "src/*/*.h",
        "src/*/*.def",
        "src/*/*.inc",
        "src/*/*.flags",
        "ad_core/binding/**/*.pxi",
        "ad_core/*.pxd",
    )
    for file in glob(pattern, recursive=True)
)


def description():
    """README.md with absolute links, for pages that show it elsewhere."""
    source = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]["urls"]["Source"]
    text = Path("README.md").read_text("utf-8")
    return re.sub(r"\]\((?!https?:|#)", f"]({source}/", text)


setup(
    ext_modules=[extension],
    cmdclass={"build_ext": Build},
    long_description=description(),
    long_description_content_type="text/markdown",
)
