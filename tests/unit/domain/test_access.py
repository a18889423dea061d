"""Access lists: what is parsed, who sees what, and that the filter of the indexes says the same."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import pytest

from portfolio_rag.domain.access import (
    ALLOWED,
    DENIED,
    TENANT,
    Access,
    AccessEntry,
    AccessFilter,
    AccessList,
    AccessRules,
    PrincipalType,
    Viewer,
    access_attributes,
    access_filter_of,
    own_entries,
    parse_access_list,
    parse_access_rules,
    tenant_of,
    viewer_of,
)
from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.domain.filters import Condition, Group, matches, parse_filter
from portfolio_rag.domain.object_keys import logical_key_of
from portfolio_rag.domain.sidecar import parse_sidecar

ANN: dict[str, str] = {"Name": "ann", "Type": "USER", "Access": "ALLOW"}
STAFF: dict[str, str] = {"Name": "staff", "Type": "GROUP", "Access": "ALLOW"}
NOT_ANN: dict[str, str] = {"Name": "ann", "Type": "USER", "Access": "DENY"}


@dataclass(frozen=True)
class Version:
    s3_key: str
    access_list: AccessList = ()

    @property
    def logical_key(self) -> str:
        return logical_key_of(self.s3_key)


def listed(*entries: dict[str, str], key: str = "processed/guides/a.md") -> Version:
    return Version(key, parse_access_list({"AccessControlList": list(entries)}))


def rules(*prefixes: tuple[str, list[dict[str, str]]]) -> AccessRules:
    body = [{"keyPrefix": f"s3://raw/{prefix}", "aclEntries": entries} for prefix, entries in prefixes]
    return parse_access_rules(body, "raw")


def test_a_sidecar_may_have_a_list_beside_its_attributes_or_alone() -> None:
    body = {"metadataAttributes": {"team": "x"}, "AccessControlList": [ANN, {**STAFF, "Access": "DENY"}]}
    assert parse_access_list(body) == (
        AccessEntry("ann", PrincipalType.USER, Access.ALLOW),
        AccessEntry("staff", PrincipalType.GROUP, Access.DENY),
    )
    assert parse_sidecar(body) == {"team": "x"}
    assert parse_sidecar({"AccessControlList": [ANN]}) == {}
    assert own_entries(parse_access_list(body)) == body["AccessControlList"]
    assert parse_access_list({"metadataAttributes": {}}) == ()


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        ({}, "must be a list"),
        ([[]], "Name, Type and Access"),
        ([{"Name": "a", "Type": "USER"}], "Name, Type and Access"),
        ([{**ANN, "More": 1}], "nothing else"),
        ([{**ANN, "Name": ""}], "1 to 256 characters"),
        ([{**ANN, "Name": 1}], "1 to 256 characters"),
        ([{**ANN, "Name": "\ud800"}], "1 to 256 characters"),
        ([{**ANN, "Type": "user"}], "USER or GROUP"),
        ([{**ANN, "Access": "READ"}], "ALLOW or DENY"),
        ([{**ANN, "Access": ["ALLOW"]}], "ALLOW or DENY"),
        ([ANN] * 201, "200 are allowed"),
    ],
)
def test_a_list_that_is_none_is_refused_with_what_is_wrong(entries: Any, problem: str) -> None:
    with pytest.raises(DocumentRejected, match=problem) as caught:
        parse_access_list({"AccessControlList": entries})
    assert caught.value.reason is FailureReason.BAD_METADATA


@pytest.mark.parametrize("name", [TENANT, ALLOWED, DENIED])
def test_no_sidecar_can_write_what_the_filter_reads(name: str) -> None:
    with pytest.raises(DocumentRejected, match="reserved"):
        parse_sidecar({"metadataAttributes": {name: ["GROUP:staff"]}})


def test_the_file_of_prefixes() -> None:
    known = rules(("guides/", [STAFF]), ("processed/guides/a.md", [NOT_ANN]), ("", [ANN]))
    assert {(entry.name, entry.access.value) for entry in known.for_key("guides/a.md")} == {
        ("staff", "ALLOW"),
        ("ann", "DENY"),
        ("ann", "ALLOW"),
    }
    assert all(entry.inherited for entry in known.for_key("guides/a.md"))
    assert [entry.name for entry in known.for_key("b.md")] == ["ann"]
    assert AccessRules().for_key("a.md") == ()


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({}, "list of objects"),
        ([{"keyPrefix": "s3://raw/a"}], "keyPrefix and aclEntries"),
        ([{"keyPrefix": "s3://other/a", "aclEntries": []}], "must begin with s3://raw/"),
        ([{"keyPrefix": 1, "aclEntries": []}], "must begin with s3://raw/"),
        ([{"keyPrefix": "s3://raw/a", "aclEntries": [{}]}], "Name, Type and Access"),
    ],
)
def test_a_file_that_is_none(body: Any, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_access_rules(body, "raw")


def viewer(name: str, *groups: str, tenant: str | None = None, known: AccessRules | None = None) -> Viewer:
    return viewer_of(name, groups, tenant, known if known is not None else AccessRules())


def test_deny_goes_first_and_without_an_entry_nothing_is_seen() -> None:
    assert viewer("ann").sees(listed(ANN))
    assert viewer("bob", "staff").sees(listed(STAFF))
    assert not viewer("ann").sees(listed())
    assert not viewer("bob").sees(listed(ANN, STAFF))
    assert not viewer("ann", "staff").sees(listed(STAFF, NOT_ANN))
    assert not viewer("ann", "staff").sees(listed(NOT_ANN, STAFF))
    # A group of that name is no user, and the other way round.
    assert not viewer("staff").sees(listed(STAFF))
    assert not viewer("bob", "ann").sees(listed(ANN))


def test_prefixes_and_sidecars_count_together_and_the_prefixes_of_now_hold() -> None:
    document = Version(
        "processed/guides/a.md", (AccessEntry("staff", PrincipalType.GROUP, Access.ALLOW, inherited=True),)
    )
    assert not viewer("bob", "staff").sees(document)
    assert viewer("bob", "staff", known=rules(("guides/", [STAFF]))).sees(document)
    assert not viewer("ann", "staff", known=rules(("guides/", [STAFF]), ("guides/a", [NOT_ANN]))).sees(document)
    assert not viewer("ann", known=rules(("guides/", [NOT_ANN]))).sees(listed(ANN))


def test_a_tenant_is_the_first_folder_and_nothing_else() -> None:
    assert [tenant_of(key) for key in ("acme/a.md", "acme/b/c.md", "acme", "a.md", "/acme/a.md")] == [
        "acme",
        "acme",
        "",
        "",
        "",
    ]
    held = Viewer(tenant="acme")
    assert held.sees(Version("incoming/acme/a.md"))
    assert not held.sees(Version("processed/acme2/a.md"))
    assert not held.sees(Version("processed/acme"))
    assert not held.sees(Version("processed/globex/acme/a.md"))
    assert Viewer().sees_everything
    assert Viewer().restrict(None) is None


def test_the_filter_of_the_indexes_says_the_same_as_the_list() -> None:
    entries = [
        {"Name": name, "Type": kind, "Access": access}
        for name, kind, access in itertools.product(("ann", "staff"), ("USER", "GROUP"), ("ALLOW", "DENY"))
    ]
    seen = 0
    for count, tenant in itertools.product(range(4), (None, "guides", "other")):
        for chosen in itertools.combinations(entries, count):
            document = listed(*chosen)
            for looking in (
                viewer("ann", tenant=tenant),
                viewer("bob", "staff", tenant=tenant),
                viewer("ann", "staff"),
            ):
                where = looking.restrict(None)
                assert where is not None
                assert matches(where, access_attributes(document)) == looking.sees(document)
                seen += looking.sees(document)
    assert seen > 50


def test_a_filter_of_a_request_narrows_and_never_widens() -> None:
    given = parse_filter({"equals": {"key": ALLOWED, "value": "USER:bob"}})
    where = viewer("bob").restrict(given)
    assert isinstance(where, Group)
    assert where.operator == "andAll"
    assert where.members[1] == given
    found = access_filter_of(where)
    assert found is not None
    assert not found.sees(listed(ANN))
    assert isinstance(access_filter_of(viewer("bob").restrict(None)), AccessFilter)
    assert access_filter_of(given) is None
    assert access_filter_of(None) is None
    assert access_filter_of(Group("andAll", (Condition("equals", "a", 1),))) is None
