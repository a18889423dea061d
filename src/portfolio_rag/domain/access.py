"""Who may see a document: access lists in the two forms that AWS documents for S3 sources, and what follows from them.

In a document's sidecar, beside its attributes:

    {"AccessControlList": [{"Name": "finance", "Type": "GROUP", "Access": "ALLOW"}]}

and for all documents, by prefix, in one file (`aclEntries` are entries of the same form):

    [{"keyPrefix": "s3://portfolio-raw/reports/", "aclEntries": [{"Name": "ann", "Type": "USER", "Access": "DENY"}]}]

Sources: "Amazon S3 document metadata" and "Access control for Amazon S3 data sources", Amazon Kendra developer guide;
"How Amazon Q Business connector crawls Amazon S3 ACLs", its user guide. All entries that apply to a document count
together, and DENY goes first. Other than there, a document that no entry allows is seen by nobody.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Protocol

from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.domain.filters import Condition, Filter, Group
from portfolio_rag.domain.object_keys import logical_key_of

TENANT: Final = "acl_tenant"
ALLOWED: Final = "acl_allow"
DENIED: Final = "acl_deny"
ACCESS_ATTRIBUTES: Final = frozenset({TENANT, ALLOWED, DENIED})
"""Attributes of every window and indexed document that only the pipeline writes: no sidecar and no document can."""

LIST_FIELD: Final = "AccessControlList"

MAX_ENTRIES = 200
"""Of one list: Kendra's own limit of principals in one."""
MAX_NAME_LENGTH = 256

_SURROGATES = re.compile("[\ud800-\udfff]")


class PrincipalType(StrEnum):
    USER = "USER"
    GROUP = "GROUP"


class Access(StrEnum):
    ALLOW = "ALLOW"
    DENY = "DENY"


@dataclass(frozen=True, slots=True)
class AccessEntry:
    """One entry of a list; `inherited` from the file of prefixes, else of the document's own sidecar."""

    name: str
    type: PrincipalType
    access: Access
    inherited: bool = False

    @property
    def principal(self) -> str:
        return principal(self.type, self.name)


AccessList = tuple[AccessEntry, ...]


def principal(kind: PrincipalType, name: str) -> str:
    """`GROUP:finance`: how the index knows one."""
    return f"{kind}:{name}"


def access_list_of(stored: Iterable[Mapping[str, Any]]) -> AccessList:
    """From the attribute of a version: `asdict` of each entry."""
    return tuple(
        AccessEntry(
            entry["name"], PrincipalType(entry["type"]), Access(entry["access"]), bool(entry.get("inherited", False))
        )
        for entry in stored
    )


def parse_access_list(body: Any) -> AccessList:
    """The list of a sidecar, empty where it has none. Raises DocumentRejected(BAD_METADATA) with what is wrong."""
    entries = body.get(LIST_FIELD) if isinstance(body, Mapping) else None
    if entries is None:
        return ()
    try:
        return _entries(entries, LIST_FIELD, inherited=False)
    except ValueError as error:
        raise DocumentRejected(
            FailureReason.BAD_METADATA, f"The metadata sidecar is not usable. {error} Correct it and upload it again."
        ) from error


@dataclass(frozen=True, slots=True)
class AccessRules:
    """The file of prefixes: logical key prefix and entries of each."""

    prefixes: tuple[tuple[str, AccessList], ...] = ()

    def for_key(self, logical_key: str) -> AccessList:
        """The entries of every prefix that the key begins with."""
        matching = (entries for prefix, entries in self.prefixes if logical_key.startswith(prefix))
        return tuple(dict.fromkeys(entry for entries in matching for entry in entries))


def parse_access_rules(body: Any, bucket: str) -> AccessRules:
    """The rules for the documents of the raw bucket; a prefix may name a stage, too. Raises ValueError."""
    if not isinstance(body, list):
        raise ValueError("it must be a list of objects with keyPrefix and aclEntries")
    prefixes = []
    for n, entry in enumerate(body):
        if not isinstance(entry, Mapping) or entry.keys() != {"keyPrefix", "aclEntries"}:
            raise ValueError(f"entry {n} must have keyPrefix and aclEntries and nothing else")
        prefix = entry["keyPrefix"]
        start = f"s3://{bucket}/"
        if not isinstance(prefix, str) or not prefix.startswith(start):
            raise ValueError(f"keyPrefix of entry {n} must begin with {start}")
        entries = _entries(entry["aclEntries"], f"aclEntries of entry {n}", inherited=True)
        prefixes.append((logical_key_of(prefix.removeprefix(start)), entries))
    return AccessRules(tuple(prefixes))


def tenant_of(logical_key: str) -> str:
    """The first folder; empty for a key in none."""
    folder, slash, _ = logical_key.partition("/")
    return folder if slash else ""


class Listed(Protocol):
    """What a version of a document tells of who may see it."""

    @property
    def logical_key(self) -> str: ...

    @property
    def access_list(self) -> AccessList: ...


def access_attributes(version: Listed) -> dict[str, Any]:
    """What both indexes hold of a version's list, for the filter that is asked before retrieval."""
    by_access: dict[Access, list[str]] = {Access.ALLOW: [], Access.DENY: []}
    for entry in version.access_list:
        by_access[entry.access].append(entry.principal)
    return {
        TENANT: tenant_of(version.logical_key),
        ALLOWED: sorted(set(by_access[Access.ALLOW])),
        DENIED: sorted(set(by_access[Access.DENY])),
    }


@dataclass(frozen=True, slots=True)
class AccessFilter(Group):
    """What a viewer may see, as a filter for the indexes.

    They hold the lists as they were when a document was ingested, so a search asks `sees` of each document that it
    has found, too: it knows the registry's list and the prefixes of now.
    """

    sees: Callable[[Listed], bool]


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks. `tenant` None: of all; `rules` None: access lists are off, or do not hold for this one."""

    tenant: str | None = None
    principals: frozenset[str] = frozenset()
    rules: AccessRules | None = None

    @property
    def sees_everything(self) -> bool:
        return self.tenant is None and self.rules is None

    def sees(self, version: Listed) -> bool:
        """Whether the document is shown. Fail closed: without an entry that allows it, it is not."""
        logical_key = version.logical_key
        if self.tenant is not None and tenant_of(logical_key) != self.tenant:
            return False
        if self.rules is None:
            return True
        own = (entry for entry in version.access_list if not entry.inherited)
        mine = {
            entry.access for entry in (*own, *self.rules.for_key(logical_key)) if entry.principal in self.principals
        }
        return mine == {Access.ALLOW}

    def restrict(self, where: Filter | None) -> Filter | None:
        """The filter of a request, and what this viewer may see."""
        if self.sees_everything:
            return where
        members: list[Filter] = []
        if self.tenant is not None:
            members.append(Condition("equals", TENANT, self.tenant))
        if self.rules is not None:
            mine = sorted(self.principals)
            members.append(Group("orAll", tuple(Condition("listContains", ALLOWED, one) for one in mine)))
            members += [Condition("listNotContains", DENIED, one) for one in mine]
        visible = AccessFilter("andAll", tuple(members), self.sees)
        return visible if where is None else Group("andAll", (visible, where))


def viewer_of(name: str, groups: Collection[str], tenant: str | None, rules: AccessRules | None) -> Viewer:
    """The viewer that a key's holder is: a USER by the key's name, in its GROUPs."""
    users = [principal(PrincipalType.USER, name)]
    return Viewer(tenant, frozenset([*users, *(principal(PrincipalType.GROUP, group) for group in groups)]), rules)


def access_filter_of(where: Filter | None) -> AccessFilter | None:
    """The part of a filter that `Viewer.restrict` has put there."""
    if isinstance(where, AccessFilter):
        return where
    first = where.members[0] if isinstance(where, Group) else None
    return first if isinstance(first, AccessFilter) else None


def own_entries(entries: AccessList) -> list[dict[str, str]]:
    """A document's own entries in the form of a sidecar."""
    return [
        {"Name": entry.name, "Type": entry.type.value, "Access": entry.access.value}
        for entry in entries
        if not entry.inherited
    ]


def owned_by(user: str) -> dict[str, str]:
    """The entry that allows a document to a user, in the form of a sidecar."""
    return {"Name": user, "Type": PrincipalType.USER.value, "Access": Access.ALLOW.value}


def _entries(body: Any, place: str, *, inherited: bool) -> AccessList:
    if not isinstance(body, list):
        raise ValueError(f"{place} must be a list.")
    if len(body) > MAX_ENTRIES:
        raise ValueError(f"{place} has {len(body)} entries; {MAX_ENTRIES} are allowed.")
    return tuple(_entry(entry, f"{place}[{n}]", inherited) for n, entry in enumerate(body))


def _entry(body: Any, place: str, inherited: bool) -> AccessEntry:
    if not isinstance(body, Mapping) or body.keys() != {"Name", "Type", "Access"}:
        raise ValueError(f"{place} must have Name, Type and Access and nothing else.")
    name = body["Name"]
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME_LENGTH or _SURROGATES.search(name):
        raise ValueError(f"{place}.Name must be a text of 1 to {MAX_NAME_LENGTH} characters.")
    try:
        return AccessEntry(name, PrincipalType(body["Type"]), Access(body["Access"]), inherited)
    except ValueError:
        said = f"not {json.dumps(body['Type'])[:40]} and {json.dumps(body['Access'])[:40]}"
        raise ValueError(f"{place}: Type must be USER or GROUP, and Access ALLOW or DENY, {said}.") from None
