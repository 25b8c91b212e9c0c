"""Actions that are made for the settings of their plugin, on each executor."""

from textwrap import dedent

import pytest

from ciranda.testing import harness

pytestmark = pytest.mark.anyio

PLUGIN = """
from pathlib import Path
from ciranda import Secret, Settings, action, hookimpl


class ShopSettings(Settings, section="shop"):
    token: Secret
    folder: Path = Path("stock")
    most: int = 3


class Shop:
    def __init__(self, settings):
        self.settings = settings

    def buy(self, n: int) -> list[str]:
        found = self.settings
        return [str(n), str(found.most), found.folder.name, str(len(found.token.reveal()))]


@hookimpl
def settings():
    return ShopSettings


@hookimpl
def actions(settings):
    return [action("shop.buy")(Shop(settings).buy)]
"""
FLOW = """
ciranda: 1
name: shop
plugins: [./shop.py]
steps:
  a: {{uses: shop.buy, with: {{n: 1}}, executor: {executor}}}
outputs: {{a: "${{{{ steps.a.output }}}}"}}
"""


@pytest.mark.parametrize("executor", ["thread", "process"])
async def test_an_action_knows_the_settings_wherever_it_runs(executor):
    settings = {"shop": {"token": "hunter22", "most": 7}}
    async with harness(settings=settings) as h:
        (h.folder / "shop.py").write_text(dedent(PLUGIN))

        result = await h.run(FLOW.format(executor=executor))

    assert result.outputs == {"a": ["1", "7", "stock", "8"]}
