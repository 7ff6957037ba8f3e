"""ModuleRegistry: names, versions that never change, and tables that pay their upstreams."""

from brownie.convert.datatypes import HexString
from conftest import NOBODY, refused

DIGEST = b"\x01" * 32


def test_a_name_is_unique_to_its_author(house, people):
    house.registry.registerModule("ema", {"from": people.ada})
    house.registry.registerModule("ema", {"from": people.ben})
    assert house.registry.moduleOf(people.ada, "ema") == 1
    assert house.registry.moduleName(2) == "ema"
    with refused("NameTaken"):
        house.registry.registerModule("ema", {"from": people.ada})
    with refused("NameInvalid"):
        house.registry.registerModule("Ema 2", {"from": people.ada})


def test_a_version_is_what_was_published(house, people):
    house.registry.registerModule("ema", {"from": people.ada})
    table = [(people.ada, 0, 1_000_000)]
    published = house.registry.publish(1, (DIGEST, DIGEST, 0, 20_000, "1.0.0"), table, {"from": people.ada})
    assert published.events["Published"]["semver"] == "1.0.0"
    version = house.registry.version(1)
    assert version["cidDigest"] == HexString(DIGEST, "bytes32")
    assert version["minRoyaltyPpm"] == 20_000
    assert house.registry.authorOf(1) == people.ada
    with refused("SemverTaken"):
        house.registry.publish(1, (DIGEST, DIGEST, 0, 0, "1.0.0"), table, {"from": people.ada})
    with refused("NotAuthor"):
        house.registry.publish(1, (DIGEST, DIGEST, 0, 0, "1.0.1"), table, {"from": people.eve})


def test_a_table_pays_its_upstreams_what_they_ask(house, people):
    house.registry.registerModule("ema", {"from": people.ada})
    house.registry.publish(1, (DIGEST, DIGEST, 0, 50_000, "1.0.0"), [(people.ada, 0, 1_000_000)], {"from": people.ada})
    house.registry.registerModule("macd", {"from": people.ben})
    terms = (DIGEST, DIGEST, 0, 0, "1.0.0")
    with refused("RoyaltyTooLow"):
        house.registry.publish(2, terms, [(people.ben, 0, 960_000), (NOBODY, 1, 40_000)], {"from": people.ben})
    with refused("SplitSumWrong"):
        house.registry.publish(2, terms, [(people.ben, 0, 900_000), (NOBODY, 1, 50_000)], {"from": people.ben})
    with refused("UpstreamShareTooHigh"):
        house.registry.publish(2, terms, [(people.ben, 0, 400_000), (NOBODY, 1, 600_000)], {"from": people.ben})
    house.registry.publish(2, terms, [(people.ben, 0, 950_000), (NOBODY, 1, 50_000)], {"from": people.ben})
    assert house.registry.versionCount() == 2


def test_nothing_new_builds_on_a_deprecated_version(house, people):
    _, version, _ = house.sell(people.ada)
    house.registry.deprecate(version, {"from": people.ada})
    with refused("AlreadyDeprecated"):
        house.registry.deprecate(version, {"from": people.ada})
    house.registry.registerModule("macd", {"from": people.ben})
    with refused("UpstreamDeprecated"):
        table = [(people.ben, 0, 950_000), (NOBODY, version, 50_000)]
        house.registry.publish(2, (DIGEST, DIGEST, 0, 0, "1.0.0"), table, {"from": people.ben})


def test_a_module_is_sold_with_all_its_versions(house, people):
    _, version, _ = house.sell(people.ada)
    house.registry.transferFrom(people.ada, people.ben, 1, {"from": people.ada})
    assert house.registry.authorOf(version) == people.ben
    with refused("NotAuthor"):
        house.registry.deprecate(version, {"from": people.ada})
