"""The parity cases of tfvc's layers and models, each beside its reference in `torch_ref`.

from tfvc.cases import run_case
run_case("autovc_official").raise_on_failure()
"""

from tfvc.cases.find import find_case, known_cases, list_cases, run_case

__all__ = ["find_case", "known_cases", "list_cases", "run_case"]
