"""Audits on the newest block, for the API."""

from node_api.domain.errors import IndexNotReady, StateUnavailable
from node_api.domain.ids import VoucherId
from node_api.domain.models import BlockRef
from node_api.domain.reconciliation import Reconciliation
from node_api.domain.tracing import VoucherTrace
from node_api.services.auditing import find_programme
from node_api.services.fresh import FreshReads
from node_api.services.indexing import ref_of
from node_api.services.lives import life
from node_api.services.ports.auditing import ChainState, SentCalls, StateGone
from node_api.services.ports.indexing import Digest, IndexStore
from node_api.services.reconciling import reconcile
from node_api.services.tracing import trace


class Audits:
    """Traces and reconciliations as of the newest block. Thread-safe."""

    def __init__(self, fresh: FreshReads, chain: ChainState, calls: SentCalls, index: IndexStore) -> None:
        self._fresh = fresh
        self._chain = chain
        self._calls = calls
        self._index = index

    def trace(self, voucher: VoucherId, *, checked: bool = True) -> VoucherTrace:
        """A voucher's whole life; with `checked`, what can be checked anew: signature, commitment, the contract's own word.

        Raises:
            VoucherNotFound: there is no such voucher.
            StateUnavailable: the chain moved on while it was asked.
        """
        try:
            with self._fresh.open() as (reader, _):
                if not checked:
                    return life(reader, self._calls, voucher)
                return trace(reader, self._chain, self._calls, voucher)
        except StateGone as error:
            raise StateUnavailable(str(error)) from error

    def reconcile(self, programme: str) -> Reconciliation:
        """Every term of every budget line of a programme, from independent sources.

        Raises:
            ProgrammeUnknown: no programme of this number or text reference.
            StateUnavailable: the chain moved on while it was asked.
        """
        try:
            with self._fresh.open() as (reader, _):
                return reconcile(reader, self._chain, find_programme(reader, programme).id)
        except StateGone as error:
            raise StateUnavailable(str(error)) from error

    def index(self) -> tuple[BlockRef, Digest]:
        """What the index holds, by table, and the newest block of it. Reads every row.

        Raises:
            IndexNotReady: nothing was indexed yet.
        """
        at, tables = self._index.digest_of()
        if at is None:
            raise IndexNotReady("the index holds no block")
        return ref_of(at), tables
