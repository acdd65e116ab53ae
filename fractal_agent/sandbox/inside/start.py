"""Run by a bare interpreter: makes modules of the compiled code on stdin and calls the last one's `main`."""

# ruff: noqa: S302  # What is loaded, our own process has written.

import marshal
import sys


def start() -> None:
    """Stdin holds, marshalled: names and code of the modules as they import each other, `main`'s argument."""
    modules = marshal.load(sys.stdin.buffer)
    package_name = modules[0][0].rpartition(".")[0]
    package = sys.modules[package_name] = type(sys)(package_name)
    module = package
    for name, code in modules:
        module = type(sys)(name)
        sys.modules[name] = module
        setattr(package, name.rpartition(".")[2], module)
        exec(code, module.__dict__)  # noqa: S102  # our own code
    for name in (package_name, *(name for name, _ in modules)):
        del sys.modules[name]  # A program that looks around finds the standard library alone.
    module.main(marshal.load(sys.stdin.buffer))


start()
