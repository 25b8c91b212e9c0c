"""Secrets in what steps tell others."""

import pytest
from tests.engine.runs.acts import Acts, flow

pytestmark = pytest.mark.anyio


async def test_an_event_that_holds_a_secret_fails_with_a_sentence_of_its_kind():
    acts = Acts()
    async with acts.harness(environ={"TOKEN": "s3cret-words"}) as h:
        result = await h.run(flow("""
  a: {uses: t.do, with: {v: '${{ secrets.T }}'}}
  e: {emit: {event: told, data: {n: 1, said: ['${{ steps.a.output }}']}}}
  f: {emit: {event: told, data: {n: 2}}}
""", "secrets: {T: {env: TOKEN}}"))  # fmt: skip

    assert result.failures == ("e",)
    error = result.steps["e"]["error"]
    assert (error["kind"], error["message"]) == (
        "secret",
        "the data holds the secret 'T', which no other run can read: leave it out",
    )
