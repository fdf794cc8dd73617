from tfvc.parity.four_of import FourOf, Side, unzip_four, zip_four

FOUR = FourOf("t64", "k64", "t32", "k32")


def test_the_order_is_that_of_the_fields_and_of_the_names():
    assert list(FOUR) == [FOUR.torch64, FOUR.keras64, FOUR.torch32, FOUR.keras32]
    assert FOUR.named() == {
        Side.TORCH64: "t64",
        Side.KERAS64: "k64",
        Side.TORCH32: "t32",
        Side.KERAS32: "k32",
    }


def test_pairs():
    assert (FOUR.float64, FOUR.float32) == (("t64", "k64"), ("t32", "k32"))
    assert (FOUR.torch, FOUR.keras) == (("t64", "t32"), ("k64", "k32"))
    assert [side.is_keras for side in Side] == [False, True, False, True]


def test_functions_of_each_side():
    assert FOUR.map(str.upper) == FourOf("T64", "K64", "T32", "K32")
    assert FOUR.map_each(str.upper, str) == FourOf("T64", "k64", "T32", "k32")
    assert zip_four(lambda a, b: a + b, FOUR, FourOf(*"1234")) == FourOf("t641", "k642", "t323", "k324")
    assert unzip_four(FourOf("ab", "cd", "ef", "gh")) == (FourOf(*"aceg"), FourOf(*"bdfh"))
