"""What is rehearsed before the first job leaves nothing that a module could see."""


def test_no_bundle_or_finder_is_left(body, value):
    looks = """
    import typing
    held = typing.sys
    finders = sum(type(each).__name__ == "Finder" for each in held.meta_path)
    bundles = sum(name.partition(".")[0] == "fusion_bundle_0" for name in held.modules)
    functions = sum(name.endswith("typical") for name in dir(held.modules["fusion_bundle_0.module"]))
    return np.array([finders, bundles, functions, 0.0, 0.0])
    """
    assert value(body(looks)) == [1, 2, 0, 0, 0]


def test_pandas_and_numpy_are_as_they_come(body, value):
    looks = """
    import warnings
    with np.errstate(all="ignore"):
        options = pd.get_option("display.max_rows"), np.geterr()["divide"] == "ignore"
    return np.array([options[0], options[1], len(warnings.filters) > 0, np.geterr()["divide"] == "warn", 0.0])
    """
    assert value(body(looks)) == [60, 1, 1, 1, 0]
