"""A spot token is a coin by its identity: by the bridge that issued it or as the venue's own, not by its name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from feeds.model.instrument import Instrument, MarketKind
from feeds.venues import hyperliquid

USDC = {"name": "USDC", "szDecimals": 8, "index": 0, "isCanonical": True}
PUMP = {"name": "PUMP", "szDecimals": 0, "index": 20, "isCanonical": False, "fullName": None}
UPUMP = {"name": "UPUMP", "szDecimals": 0, "index": 299, "isCanonical": False, "fullName": "Unit Pump Fun"}
IMPOSTOR = {"name": "UPUMP", "szDecimals": 0, "index": 900, "isCanonical": False, "fullName": "Up Pump"}
UFART = {"name": "UFART", "szDecimals": 1, "index": 269, "isCanonical": False, "fullName": "Unit Fartcoin"}
PURR = {"name": "PURR", "szDecimals": 0, "index": 1, "isCanonical": True}


def listed(*rows: tuple[str, dict[str, Any]]) -> list[Instrument]:
    tokens = [USDC, *(token for _, token in rows)]
    pairs = [{"name": name, "tokens": [token["index"], 0]} for name, token in rows]
    return list(
        hyperliquid.DRIVER.instruments(MarketKind.SPOT, [json.dumps({"tokens": tokens, "universe": pairs}).encode()])
    )


@pytest.mark.parametrize("bridged", [UPUMP, {key: UPUMP[key] for key in ("name", "szDecimals", "index")}])
def test_the_bridged_token_is_the_coin_and_the_namesake_is_not(bridged: dict[str, Any]) -> None:
    rows = [("@20", PUMP), ("@188", bridged)]
    for order in (rows, rows[::-1]):
        assert {market.symbol: market.base for market in listed(*order)} == {"@20": "PUMP@20", "@188": "PUMP"}


def test_tokens_of_other_names_are_what_their_identity_says() -> None:
    markets = listed(("@162", UFART), ("PURR/USDC", PURR), ("@900", IMPOSTOR), ("@20", PUMP))
    assert [market.base for market in markets] == ["FARTCOIN", "PURR", "UPUMP", "PUMP"]


@pytest.mark.parametrize("token", [PUMP | {"name": ""}, UPUMP | {"name": "U"}])
def test_no_market_has_an_empty_base(token: dict[str, Any]) -> None:
    assert all(market.base for market in listed(("@20", token), ("PURR/USDC", PURR)))
