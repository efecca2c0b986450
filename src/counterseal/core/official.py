"""Who works at the office and in which part. Source: ``docs/design`` on people and doors."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """One person, one role. What each may not do is as binding as what it may."""

    REQUESTER = "requester"
    SPECIALIST = "specialist"
    RELEASING = "releasing"
    COUNSEL = "counsel"
    OVERSIGHT = "oversight"
    ADMINISTRATOR = "administrator"
    CLERK = "clerk"


class AccountAct(StrEnum):
    """What one administrator proposes for an account and another confirms."""

    ADD = "add"
    INVITE = "invite"
    CHANGE = "change"
