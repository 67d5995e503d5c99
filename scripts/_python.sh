# Sourced by the commands: sets `python` to an interpreter of version 3.11 or later that can make
# virtual environments. A version that the project is tested with comes first; PYTHON=... chooses.

cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The tests start hundreds of interpreters: compiling what each imports takes half of their time.
unset PYTHONDONTWRITEBYTECODE

_fits() {  # a name on the PATH can be a shim that has nothing behind it: only running it tells
    command -v "$1" >/dev/null && "$1" - "$2" 2>/dev/null <<'EOF'
import shutil, sys, venv
if not shutil.which("uv"):
    import ensurepip
newest = (3, 14) if sys.argv[1] == "tested" else (3, 99)
sys.exit(not (3, 11) <= sys.version_info[:2] <= newest)
EOF
}

python=
for _kind in tested newer; do
    for _name in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
        if [[ -z $python ]] && _fits "$_name" "$_kind"; then
            python=$_name
        fi
    done
done
if [[ -z $python ]]; then
    echo "no Python 3.11 or later with venv and pip on the PATH (tried: ${PYTHON:-python3, python3.11 to python3.14})" >&2
    exit 1
fi
