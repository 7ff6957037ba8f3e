from fusion.content.unixfs import directory_cid
from sandbox.code import Limits, ModuleCode


def code(name: str, **requires: ModuleCode) -> ModuleCode:
    files = {"module.py": name.encode()}
    return ModuleCode(directory_cid(files), files, name, requires)


def test_upstreams_are_listed_once_and_without_the_module_itself() -> None:
    base = code("base")
    left, right = code("left", b=base), code("right", b=base)
    assert [up.entry for up in code("top", l=left, r=right, again=left).upstreams()] == ["left", "right", "base"]
    assert list(base.upstreams()) == []


def test_limits_are_written_by_name() -> None:
    assert Limits().as_dict() == {"fuel": 10**11, "memory": 512 << 20, "output": 64 << 20}


def test_limits_out_of_range_are_told() -> None:
    assert Limits().refusal(1 << 20) is None
    assert Limits(output=0).refusal(0) is None
    assert Limits(fuel=0).refusal(0) == "limit fuel is 0: give 1 to 1125899906842624"
    assert Limits(memory=5).refusal(6) == "limit memory is 5: give 6 to 4294967296"
    assert Limits(output=-1).refusal(0) == "limit output is -1: give 0 to 1073741824"
