"""Label spaces by hand: the same, reordered, other classes, none named; and names that are shown."""

import pytest

from models.errors import InputError
from models.label_space import (
    UNKNOWN,
    Correspondence,
    LabelSpace,
    compare,
    compare_models,
    most_frequent,
    unique_names,
)

ABC = LabelSpace(("ant", "bee", "cat"))
BIRD, MACHINE = ("crane", "n02012849"), ("crane", "n03126707")
OWL = ("owl", "n01621127")


def space(*classes: tuple[str, str]) -> LabelSpace:
    names, synsets = zip(*classes, strict=True)
    return LabelSpace(names, synsets)


def _compare(model: LabelSpace, data: LabelSpace) -> Correspondence:
    return compare(model, data, what="data /d", do="do this")


def test_the_same_classes_in_the_same_order():
    assert _compare(ABC, ABC) == Correspondence(None, trusted=False)


def test_another_order_is_mapped_by_names():
    """The data's class 0 is `cat`, the model's class 2, and so on."""
    found = _compare(ABC, LabelSpace(("cat", "ant", "bee")))
    assert (found.labels, found.trusted) == ((2, 0, 1), False)
    assert [found.of(label) for label in (0, 1, 2, 3, -1)] == [2, 0, 1, UNKNOWN, UNKNOWN]


def test_the_order_brings_values_of_one_net_into_that_of_another():
    found = compare_models(ABC, LabelSpace(("cat", "ant", "bee")), what="net", do="", whose="D's")
    posteriors_of_cat_ant_bee = (0.7, 0.2, 0.1)
    assert [posteriors_of_cat_ant_bee[label] for label in found.order] == [0.2, 0.1, 0.7]


def test_classes_without_images_are_not_compared():
    assert _compare(ABC, LabelSpace(("ant", "", "cat"))).labels is None
    assert _compare(ABC, LabelSpace(("", "ant"))).labels == (UNKNOWN, 0)
    assert _compare(ABC, LabelSpace(("cat",))).labels == (2,)


def test_another_class_is_one_line_with_its_label_and_both_names():
    """`bee` is at another place too, but it is the strange class that must be named."""
    with pytest.raises(InputError) as caught:
        _compare(ABC, LabelSpace(("bee", "ant", "dog")))
    assert str(caught.value) == ("data /d: class 2, counted from 0, is 'dog', the model's is 'cat'; do this")


def test_a_path_with_braces_is_no_pattern():
    with pytest.raises(InputError, match=r"^data /\{0\}: class 0"):
        compare(ABC, LabelSpace(("dog",)), what="data /{0}", do="")


def test_a_class_more_than_the_model_has():
    with pytest.raises(
        InputError, match=r"class 3, .* is 'dog', the model's is missing \(it has 3 classes\)"
    ):
        _compare(ABC, LabelSpace(("ant", "bee", "cat", "dog")))


def test_classes_without_names_are_taken_on_trust():
    nameless = LabelSpace(("", "", ""))
    for model, data in ((ABC, nameless), (nameless, ABC), (nameless, nameless), (ABC, LabelSpace(()))):
        assert _compare(model, data) == Correspondence(None, trusted=True)


def test_a_placeholder_is_no_name_unless_it_is_a_synset_too():
    assert LabelSpace.of_model(("ant", "class 1", "class 1"), ()).names == ("ant", "", "class 1")
    assert LabelSpace.of_model(("class 0", "class 1"), ("", "class 1")).names == ("", "class 1")


def test_a_class_that_the_model_does_not_name_is_trusted_unless_it_is_another_of_its_classes():
    model = LabelSpace(("ant", "", "cat"))
    assert _compare(model, ABC).labels is None
    assert _compare(model, LabelSpace(("cat", "ant"))).labels == (2, 0)


def test_synsets_count_before_names():
    """Other words for the same WordNet ids; and the same word for two of them."""
    model = space(BIRD, OWL, MACHINE)
    data = space(("crane (machine)", MACHINE[1]), ("Kranich", BIRD[1]), ("Eule", OWL[1]))
    assert _compare(model, data).labels == (2, 0, 1)
    assert _compare(model, space(MACHINE, BIRD, OWL)).labels == (2, 0, 1)
    with pytest.raises(InputError, match=r"class 1, .* is 'owl' \(n9\), the model's is 'owl' \(n01621127\)"):
        _compare(model, space(BIRD, ("owl", "n9"), MACHINE))


def test_names_count_where_one_has_no_synsets_or_the_ids_are_of_another_kind():
    """`vgg data folders` takes a folder's name for the id where no list of classes is given."""
    model = space(("owl", "n01621127"), ("hen", "n01514668"))
    assert _compare(model, LabelSpace(("hen", "owl"))).labels == (1, 0)
    assert _compare(model, space(("hen", "hen"), ("owl", "owl"))).labels == (1, 0)


def test_names_that_are_alike_in_another_order_cannot_be_matched():
    model = LabelSpace(("crane", "owl", "crane"))
    assert _compare(model, model).labels is None
    with pytest.raises(InputError, match="several are called 'crane'"):
        _compare(model, LabelSpace(("owl", "crane", "crane")))


def test_two_forms_of_one_letter_are_one_name():
    composed, decomposed = "K\u00e4fer", "Ka\u0308fer"
    assert _compare(LabelSpace((composed, "owl")), LabelSpace((decomposed, "owl"))).labels is None
    assert _compare(LabelSpace((composed, "owl")), LabelSpace(("owl", decomposed))).labels == (1, 0)


def test_two_nets_need_the_same_number_of_classes_and_a_name_of_each():
    with pytest.raises(InputError, match="net E: 2 classes; expected 3; do"):
        compare_models(ABC, LabelSpace(("ant", "bee")), what="net E", do="do", whose="D's")
    with pytest.raises(InputError, match="net E: class 2 has no name, and the others are in another order"):
        compare_models(ABC, LabelSpace(("bee", "ant", "")), what="net E", do="do", whose="D's")


def test_shown_names_are_unique():
    assert unique_names(("owl", "crane", "crane"), ("n1", "n2", "n3")) == ("owl", "crane (n2)", "crane (n3)")
    assert unique_names(("crane", "owl", "crane")) == ("crane (class 0)", "owl", "crane (class 2)")
    assert unique_names(("a", "a", "a (n1)"), ("n1", "n2", "n3")) == (
        "a (n1) (class 0)",
        "a (n2)",
        "a (n1) (class 2)",
    )
    assert unique_names(("a", "a"), ("n1", "n1")) == ("a (n1) (class 0)", "a (n1) (class 1)")


def test_the_most_frequent_name_of_a_label_counts():
    found = most_frequent({(0, "ant", "n1"): 3, (0, "bee", "n2"): 2, (2, "", "n3"): 1, (1, "", ""): 9})
    assert found == LabelSpace(("ant", "", "n3"), ("n1", "", "n3"))
    assert most_frequent({}) == LabelSpace(())
