"""The C interface of z3, called directly; imported in workers only.

The Python classes of z3 check, count and wrap at each call: building a formula through them
takes about ten times as long. Addresses are plain integers here. Contexts are made without
reference counts: a term lives as long as its context, so terms may be kept and compared by
address; whoever builds many replaces the context from time to time.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import Any, Final

from z3 import z3core

__all__ = ["FALSE", "SAT", "TRUE", "UNKNOWN", "UNSAT"]

UNSAT: Final = -1
UNKNOWN: Final = 0
SAT: Final = 1
FALSE: Final = -1
TRUE: Final = 1
OUT_OF_MEMORY: Final = 7

Address = int
_POINTER: Final = ctypes.c_void_p
_NUMBER: Final = ctypes.c_int
_COUNT: Final = ctypes.c_uint
_TEXT: Final = ctypes.c_char_p


def _made(result: Address | None, function: object, arguments: object) -> Address:
    if result is None:
        raise MemoryError("z3: out of memory")  # formulas are typed: there is no other reason
    return result


def _function(name: str, result: Any, *arguments: Any) -> Callable[..., Any]:
    # z3core keeps the loaded library to itself, but each wrapper holds its function.
    wrapped = getattr(z3core, name).__defaults__[0].f
    address = ctypes.cast(wrapped, _POINTER).value or 0
    found: Any = ctypes.CFUNCTYPE(result, *arguments)(address)
    if name.startswith("Z3_mk_"):
        found.errcheck = _made  # z3 would follow a null pointer
    made: Callable[..., Any] = found
    return made


def array(addresses: Sequence[Address]) -> Any:
    """Return addresses as the C interface takes them."""
    return (_POINTER * len(addresses))(*addresses)


_P = _POINTER
_HANDLER: Final = ctypes.CFUNCTYPE(None, _P, _NUMBER)
# Without a handler of ours an error ends the process; with it, `get_error_code` tells.
ON_ERROR: Final = _HANDLER(lambda context, code: None)
global_param_set = _function("Z3_global_param_set", None, _TEXT, _TEXT)
get_full_version = _function("Z3_get_full_version", _TEXT)
mk_config = _function("Z3_mk_config", _P)
del_config = _function("Z3_del_config", None, _P)
mk_context = _function("Z3_mk_context", _P, _P)
del_context = _function("Z3_del_context", None, _P)
set_error_handler = _function("Z3_set_error_handler", None, _P, _HANDLER)
get_error_code = _function("Z3_get_error_code", _NUMBER, _P)
get_error_msg = _function("Z3_get_error_msg", _TEXT, _P, _NUMBER)

mk_bool_sort = _function("Z3_mk_bool_sort", _P, _P)
mk_int_sort = _function("Z3_mk_int_sort", _P, _P)
mk_real_sort = _function("Z3_mk_real_sort", _P, _P)
mk_int_symbol = _function("Z3_mk_int_symbol", _P, _P, _NUMBER)
mk_string_symbol = _function("Z3_mk_string_symbol", _P, _P, _TEXT)
mk_const = _function("Z3_mk_const", _P, _P, _P, _P)
mk_numeral = _function("Z3_mk_numeral", _P, _P, _TEXT, _P)
mk_int64 = _function("Z3_mk_int64", _P, _P, ctypes.c_int64, _P)
mk_true = _function("Z3_mk_true", _P, _P)
mk_false = _function("Z3_mk_false", _P, _P)

mk_add = _function("Z3_mk_add", _P, _P, _COUNT, _P)
mk_sub = _function("Z3_mk_sub", _P, _P, _COUNT, _P)
mk_mul = _function("Z3_mk_mul", _P, _P, _COUNT, _P)
mk_and = _function("Z3_mk_and", _P, _P, _COUNT, _P)
mk_or = _function("Z3_mk_or", _P, _P, _COUNT, _P)
mk_unary_minus = _function("Z3_mk_unary_minus", _P, _P, _P)
mk_not = _function("Z3_mk_not", _P, _P, _P)
mk_int2real = _function("Z3_mk_int2real", _P, _P, _P)
mk_real2int = _function("Z3_mk_real2int", _P, _P, _P)
mk_div = _function("Z3_mk_div", _P, _P, _P, _P)
mk_mod = _function("Z3_mk_mod", _P, _P, _P, _P)
mk_eq = _function("Z3_mk_eq", _P, _P, _P, _P)
mk_lt = _function("Z3_mk_lt", _P, _P, _P, _P)
mk_le = _function("Z3_mk_le", _P, _P, _P, _P)
mk_gt = _function("Z3_mk_gt", _P, _P, _P, _P)
mk_ge = _function("Z3_mk_ge", _P, _P, _P, _P)
mk_implies = _function("Z3_mk_implies", _P, _P, _P, _P)
mk_ite = _function("Z3_mk_ite", _P, _P, _P, _P, _P)

mk_params = _function("Z3_mk_params", _P, _P)
params_inc_ref = _function("Z3_params_inc_ref", None, _P, _P)
params_dec_ref = _function("Z3_params_dec_ref", None, _P, _P)
params_set_uint = _function("Z3_params_set_uint", None, _P, _P, _P, _COUNT)
mk_tactic = _function("Z3_mk_tactic", _P, _P, _TEXT)
tactic_inc_ref = _function("Z3_tactic_inc_ref", None, _P, _P)
tactic_dec_ref = _function("Z3_tactic_dec_ref", None, _P, _P)
tactic_and_then = _function("Z3_tactic_and_then", _P, _P, _P, _P)
mk_simple_solver = _function("Z3_mk_simple_solver", _P, _P)
mk_solver_from_tactic = _function("Z3_mk_solver_from_tactic", _P, _P, _P)
solver_inc_ref = _function("Z3_solver_inc_ref", None, _P, _P)
solver_dec_ref = _function("Z3_solver_dec_ref", None, _P, _P)
solver_set_params = _function("Z3_solver_set_params", None, _P, _P, _P)
solver_push = _function("Z3_solver_push", None, _P, _P)
solver_pop = _function("Z3_solver_pop", None, _P, _P, _COUNT)
solver_assert = _function("Z3_solver_assert", None, _P, _P, _P)
solver_check_assumptions = _function("Z3_solver_check_assumptions", _NUMBER, _P, _P, _COUNT, _P)
solver_get_model = _function("Z3_solver_get_model", _P, _P, _P)
solver_get_unsat_core = _function("Z3_solver_get_unsat_core", _P, _P, _P)
solver_get_reason_unknown = _function("Z3_solver_get_reason_unknown", _TEXT, _P, _P)

ast_vector_inc_ref = _function("Z3_ast_vector_inc_ref", None, _P, _P)
ast_vector_dec_ref = _function("Z3_ast_vector_dec_ref", None, _P, _P)
ast_vector_size = _function("Z3_ast_vector_size", _COUNT, _P, _P)
ast_vector_get = _function("Z3_ast_vector_get", _P, _P, _P, _COUNT)
model_inc_ref = _function("Z3_model_inc_ref", None, _P, _P)
model_dec_ref = _function("Z3_model_dec_ref", None, _P, _P)
get_app_decl = _function("Z3_get_app_decl", _P, _P, _P)
model_get_const_interp = _function("Z3_model_get_const_interp", _P, _P, _P, _P)
get_estimated_alloc_size = _function("Z3_get_estimated_alloc_size", ctypes.c_uint64)
get_bool_value = _function("Z3_get_bool_value", _NUMBER, _P, _P)
get_numeral_string = _function("Z3_get_numeral_string", _TEXT, _P, _P)
is_algebraic_number = _function("Z3_is_algebraic_number", ctypes.c_bool, _P, _P)
get_algebraic_number_lower = _function("Z3_get_algebraic_number_lower", _P, _P, _P, _COUNT)
get_algebraic_number_upper = _function("Z3_get_algebraic_number_upper", _P, _P, _P, _COUNT)
