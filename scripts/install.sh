#!/bin/sh
# install.sh PYTHON VENV REQUIREMENTS: make the environment and install into it, saying first what will be downloaded.
set -eu
python=$1 venv=$2 requirements=$3

if [ -z "$python" ]; then
    echo "Python 3.11 or newer is needed and was not found. Install it (Debian: apt install python3 python3-venv), or name it: make run PYTHON=/path/to/python3.11" >&2
    exit 1
fi
# Made anew also where the last time was cut short, or its Python has gone.
if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    rm -rf "$venv"
    # Debian's Python comes without the module that puts pip into an environment.
    if ! "$python" -m venv "$venv"; then
        rm -rf "$venv"
        echo "$python can't make a virtual environment. On Debian and Ubuntu: apt install python3-venv, then try again." >&2
        exit 1
    fi
fi
pip="$venv/bin/python -m pip --disable-pip-version-check"

case $requirements in
*-dev*) tools="The tools for the tests are 0.1 GB of download and 0.3 GB on disk more." ;;
*) tools= ;;
esac
if [ -e "$venv/run.stamp" ]; then
    echo "What is missing in $venv/ will be downloaded. $tools"
else
    echo "First start: about 0.6 GB will be downloaded and take 2.4 GB on disk, all of it in $venv/. $tools"
    echo "It takes about two minutes on a fast connection. Later starts install nothing."
    # For Linux the usual torch brings gigabytes of CUDA packages that nothing here uses; the processor-only build of the
    # same version has none. Where its index can't be reached, the usual one does as well.
    if [ "$(uname -s)" = Linux ]; then
        version=$(sed -n 's/^torch==//p' requirements.txt)
        $pip install --quiet --no-deps --retries 0 --timeout 15 --index-url https://download.pytorch.org/whl/cpu \
            "torch==$version" 2>/dev/null ||
            echo "The small, processor-only torch can't be had here; the usual one may bring gigabytes of CUDA packages."
    fi
fi
if ! $pip install --requirement "$requirements"; then
    echo "The installation did not finish. Check the network and the disk's free space, then type the same again: it goes on." >&2
    exit 1
fi
