# Sourced by the commands: the tests of the sans-IO core. `long_core_tests` add nothing to its
# coverage: they explore it, count its calls, start Gradio, or run the code generator.

core_tests=(tests/core tests/protocol)
long_core_tests=(
    tests/core/test_budgets.py
    tests/core/test_exploration.py
    tests/core/test_fuzz.py
    tests/core/test_diffs_against_servers.py
    tests/protocol/test_regenerate.py
)
fast_tests=(tests/test_layering.py tests/test_import.py tests/test_repository.py)

# All other tests: what is left for a run after the checks.
other_tests=("${long_core_tests[@]}")
for _path in tests/*/ tests/test_*.py; do
    if [[ " ${core_tests[*]} ${fast_tests[*]} " != *" ${_path%/} "* ]]; then
        other_tests+=("${_path%/}")
    fi
done
