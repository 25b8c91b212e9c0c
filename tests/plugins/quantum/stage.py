"""Templates in a line: the body of a component, and the components it may import."""

import sys

from ciranda_quantum import QuantumError, compile as compile_template

COLUMNS = sys.version_info >= (3, 11)  # code of older interpreters, PyPy's too, has lines alone
XMLNS = 'xmlns:q="https://quantum.lang/ns"'


def component(body, name="Page"):
    return f'<q:component name="{name}" {XMLNS}>{body}</q:component>'


def template(body, *, host=None, limits=None, **components):
    texts = {name: component(text, name) for name, text in components.items()}
    return compile_template(
        component(body), name="page.q", components=texts, host=host, limits=limits
    )


def run(body, data=None, **components):
    return template(body, **components).run(data or {})


def value(body, data=None, **components):
    return run(body, data, **components).value


def html(body, data=None, **components):
    return run(body, data, **components).html


def fails(body, data=None, **components):
    """Return the error that a template ends with."""
    try:
        made = run(body, data, **components)
    except QuantumError as error:
        assert error.file
        return error
    raise AssertionError(f"it gave {made}")
