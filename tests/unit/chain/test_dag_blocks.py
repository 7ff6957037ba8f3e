"""The blocks that contracts/Dag.sol is tested with are those that fusion.content writes."""

from tests.contracts.dag.blocks import FILE, text


def test_the_blocks_of_the_solidity_tests_are_up_to_date() -> None:
    assert FILE.read_text() == text(), "run `python -m tests.contracts.dag.blocks`"
