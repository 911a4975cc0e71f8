"""Roles, deposits and rests, read from the index."""

from __future__ import annotations

from sqlalchemy import select

from node_api.domain.ids import Address, LineId, UnixSeconds
from node_api.domain.relayers import Relayer
from node_api.domain.tracing import ROLE_NAMES
from node_api.domain.trail import Deposit, Rest, RoleStep
from node_api.storage import tables as t
from node_api.storage.kept import kept
from node_api.storage.queries import Queries, to_address, to_hash, to_raw, tx_of, with_tx

_OPERATOR = ROLE_NAMES.index("OPERATOR")


class RoleQueries(Queries):
    """What an auditor asks about actors and money beyond the reader's port."""

    @kept
    def role_steps(self, account: Address | None = None) -> list[RoleStep]:
        """Roles given and taken, in the order of the chain."""
        table = t.role_steps
        query = with_tx(table).where(self._upto(table))
        if account is not None:
            query = query.where(table.c.account == to_raw(account))
        return [
            RoleStep(row.role, to_address(row.account), row.granted, tx_of(row))
            for row in self._rows(query.order_by(table.c.block, table.c.log_index))
        ]

    def relayers(self) -> list[Relayer]:
        """See the port."""
        roles, lists = t.role_steps, t.relayer_steps
        of_role = select(roles).where(roles.c.role == _OPERATOR, self._upto(roles))
        since = {
            row.account: UnixSeconds(row.since) if row.granted else None
            for row in self._rows(of_role.order_by(roles.c.block, roles.c.log_index))
        }
        of_list = select(lists).where(self._upto(lists)).order_by(lists.c.block, lists.c.log_index)
        listed = {row.account: bool(row.allowed) for row in self._rows(of_list)}
        return [
            Relayer(to_address(one), since.get(one), listed.get(one, False)) for one in dict.fromkeys([*since, *listed])
        ]

    def deposits(self, line: LineId) -> list[Deposit]:
        """A line's deposits in the order of the chain."""
        table = t.deposits
        query = with_tx(table).where(table.c.line == line, self._upto(table))
        return [
            Deposit(row.line, to_address(row.depositor), row.amount, to_hash(row.slip), tx_of(row))
            for row in self._rows(query.order_by(table.c.block, table.c.log_index))
        ]

    def rests(self, line: LineId) -> list[Rest]:
        """What a line gave back, in the order of the chain."""
        table = t.rests
        query = with_tx(table).where(table.c.line == line, self._upto(table))
        return [
            Rest(row.line, to_address(row.funder), row.amount, tx_of(row))
            for row in self._rows(query.order_by(table.c.block, table.c.log_index))
        ]

    def tokens(self) -> list[Address]:
        """Settlement tokens that were ever allowed."""
        table = t.token_steps
        query = select(table.c.token).where(self._upto(table)).distinct().order_by(table.c.token)
        return [to_address(row.token) for row in self._rows(query)]
