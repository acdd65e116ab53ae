"""What runs in the sandbox's own processes: the judge, the zygote and its children.

These modules are sent to their processes as compiled code, because a jail shows them no file of the project.
So they import the standard library and each other, and nothing else.
"""
