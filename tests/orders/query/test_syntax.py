"""The search text as a tree: what is read, where it is wrong, and that one tree has one text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.query.syntax import DEEPEST, LONGEST, MOST_TERMS, QueryError, parse
from orders.query.tree import All, Any, Node, Not, Term, Value, Words, terms, text_of


def term(name: str, *texts: str, comparison: str = ":") -> Term:
    return Term(name, comparison, tuple(Value(text) for text in texts))


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", None),
        ("  ", None),
        ("#1001", Words("#1001")),
        ("jan de", All((Words("jan"), Words("de")))),
        ('"jan de boer"', Words("jan de boer")),
        ("o'brien", Words("o'brien")),
        ("'tis", Words("'tis")),
        ("a@b.example", Words("a@b.example")),
        ("gid://shopify/Order/17", Words("gid://shopify/Order/17")),
        ("https://admin.shopify.com/store/a/orders/17", Words("https://admin.shopify.com/store/a/orders/17")),
        ("tag:vip", term("tag", "vip")),
        ("tag: vip", term("tag", "vip")),
        ("tag:=vip", term("tag", "vip")),
        ("tag:\"to check\",'b c'", term("tag", "to check", "b c")),
        (r'tag:"a \"b\" \\ c"', term("tag", 'a "b" \\ c')),
        ('email:""', term("email", "")),
        ("-tag:vip", Not(term("tag", "vip"))),
        ("NOT tag:vip", Not(term("tag", "vip"))),
        ("--tag:vip", term("tag", "vip")),
        ("age>3d", term("age", "3d", comparison=">")),
        ("age >= 3d", term("age", "3d", comparison=">=")),
        ("created_at:>='2026-01-01T00:00:00Z'", term("created_at", "2026-01-01T00:00:00Z", comparison=">=")),
        ("created:2026-01-01T10:00Z", term("created", "2026-01-01T10:00Z")),
        ("outstanding:<-5.50", term("outstanding", "-5.50", comparison="<")),
        ("total:5..10", Term("total", ":", (Value("5", upper="10"),))),
        ("total:..10", Term("total", ":", (Value("", upper="10"),))),
        ("total:5.5..", Term("total", ":", (Value("5.5", upper=""),))),
        ("name:10*", Term("name", ":", (Value("10", is_prefix=True),))),
        ("tag:*", Term("tag", ":", (Value("", is_prefix=True),))),
        ("a OR b c", Any((Words("a"), All((Words("b"), Words("c")))))),
        ("a AND b", All((Words("a"), Words("b")))),
        ("(a OR b) c", All((Any((Words("a"), Words("b"))), Words("c")))),
        ("-(a b)", Not(All((Words("a"), Words("b"))))),
        ("(a (b c))", All((Words("a"), Words("b"), Words("c")))),
        ("ORDER NOTE", All((Words("ORDER"), Words("NOTE")))),
    ],
)
def test_a_text_is_read_as_a_tree(text: str, tree: Node | None):
    assert parse(text) == tree
    assert parse(text_of(tree)) == tree


@pytest.mark.parametrize(
    ("text", "code", "wrong"),
    [
        ("tag:", "query_value", "tag:"),
        ("a tag: ", "query_value", "tag: "),
        ("tag:a,", "query_value", "tag:a,"),
        ('tag:"vip', "query_quote", '"'),
        ('"', "query_quote", '"'),
        ('""', "query_value", '""'),
        ("(a", "query_parenthesis", "("),
        ("a)", "query_parenthesis", ")"),
        ("()", "query_unfinished", "()"),
        ("a OR", "query_unfinished", ""),
        ("OR a", "query_unfinished", "OR"),
        ("a AND OR b", "query_unfinished", "OR"),
        ("NOT", "query_unfinished", ""),
        ("age>3,4", "query_comparison", "age>3,4"),
        ("age>3..4", "query_comparison", "age>3..4"),
        ("total:..", "query_range", ".."),
        ("tag:a*b", "query_value", "b"),
        ('tag:a"b"', "query_value", '"'),
        ("a\x00b", "query_character", "\x00"),
        ("a" * (LONGEST + 2), "query_too_long", "aa"),
        (" ".join("a" * (MOST_TERMS + 1)), "query_too_many", "a"),
        ("(" * (DEEPEST + 2) + "a", "query_too_deep", "("),
    ],
)
def test_an_error_points_at_what_is_wrong(text: str, code: str, wrong: str):
    with pytest.raises(QueryError) as refusal:
        parse(text)
    span = refusal.value.span
    assert (refusal.value.code, text[span.start : span.end]) == (code, wrong)
    assert refusal.value.field == "q"


texts = st.text(st.characters(exclude_characters="\x00"), min_size=1, max_size=12)
names = st.from_regex(r"[a-z_][a-z0-9_.-]{0,8}", fullmatch=True)
plain = st.builds(Value, texts | st.just(""))
prefixes = st.builds(Value, texts | st.just(""), is_prefix=st.just(True))
ranges = st.builds(lambda low, high: Value(low, upper=high), texts, texts | st.just(""))
leaves = st.one_of(
    st.builds(Words, texts.filter(lambda text: bool(text.strip()))),
    st.builds(lambda name, sign, value: Term(name, sign, (value,)), names, st.sampled_from((">", "<=")), plain),
    st.builds(lambda name, *v: Term(name, ":", tuple(v)), names, plain | prefixes | ranges, plain),
)


def _several(kind: type[All] | type[Any], inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    others = inner.filter(lambda node: not isinstance(node, kind))
    return st.lists(others, min_size=2, max_size=3).map(lambda items: kind(tuple(items)))


trees: st.SearchStrategy[Node] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        _several(All, inner),
        _several(Any, inner),
        inner.filter(lambda node: not isinstance(node, Not)).map(Not),
    ),
    max_leaves=8,
)


@pytest.mark.row("INV-C13")
@given(trees)
def test_every_tree_has_a_text_that_reads_as_it(tree: Node):
    assert parse(text_of(tree)) == tree


def _read(text: str) -> tuple[Node | None, QueryError | None]:
    try:
        return parse(text), None
    except QueryError as refused:
        return None, refused


@given(st.text(st.sampled_from("ab:<>=,.*-()\"' \\ORNT0"), max_size=40))
def test_every_text_is_read_or_refused_with_a_place(text: str):
    tree, refused = _read(text)
    if refused is not None:
        assert 0 <= refused.span.start <= refused.span.end <= len(text)
    assert parse(text_of(tree)) == tree
    for leaf in terms(tree):
        assert text[leaf.span.start : leaf.span.end].strip()
