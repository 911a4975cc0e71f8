"""Faults of a deployment.

ChainError
└── DeploymentFault
    ├── PlanFault           the steps themselves are wrong: unknown name, missing parameter
    │   └── ParameterFault  a parameter that was given is unknown, or its value does not fit
    ├── ChangedBytecode     a finished step's contract is other code in this release
    ├── ChangedStep         a finished step would be called with other arguments now
    ├── UnexpectedCode      the chain shows other code than was deployed
    ├── JournalOfOtherChain the journal belongs to another chain
    ├── JournalDamaged      a line of the journal before its last one cannot be read
    ├── DeploymentBusy      another process deploys
    ├── StepRefused         the chain refused a step
    └── NotDeployed         nothing, or not everything, is deployed here
"""

from __future__ import annotations

from node_api.chain.rpc_errors import ChainError


class DeploymentFault(ChainError):
    """Root of the faults of a deployment."""


class PlanFault(DeploymentFault):
    """The steps name something that is not there."""


class ParameterFault(PlanFault):
    """A parameter that was given is none of the steps', or a contract does not take its value. Nothing has begun."""


class ChangedBytecode(DeploymentFault):
    """A finished step's contract is other code in this release: contracts are never replaced, only followed."""

    def __init__(self, step: str, contract: str, deployed: str, shipped: str) -> None:
        super().__init__(
            f"step {step} deployed {contract} with code {deployed}, this release ships code {shipped}. "
            "Deploy the new code in a new step, go back to the release that deployed it, or begin anew in another "
            "folder with --data."
        )


class ChangedStep(DeploymentFault):
    """A finished step would be called with other arguments now."""

    def __init__(self, step: str, then: str, now: str) -> None:
        super().__init__(
            f"step {step} was carried out with arguments {then}, it would have {now} now. "
            "A finished step is never edited: write a new one, or give back the keys and parameters it was run with."
        )


class UnexpectedCode(DeploymentFault):
    """The chain shows other code at an address than was deployed there."""

    def __init__(self, step: str, address: str, deployed: str, found: str) -> None:
        super().__init__(f"step {step} deployed code {deployed} at {address}, but the chain shows code {found} there")


class JournalOfOtherChain(DeploymentFault):
    """The journal in the folder belongs to another chain; nothing was written."""


class JournalDamaged(DeploymentFault):
    """A line of the journal cannot be read, and not the last one, which a kill may tear: what follows it was carried out."""

    def __init__(self, path: str, line: int) -> None:
        super().__init__(
            f"line {line} of {path} is damaged, and others follow it: nothing is sent, for their steps are on the chain "
            "already. Put the journal of a backup in its place."
        )


class DeploymentBusy(DeploymentFault):
    """Another process deploys to the same chain from the same folder."""


class StepRefused(DeploymentFault):
    """The chain refused a step; the steps before it stand, and the next run tries it again."""


class NotDeployed(DeploymentFault):
    """The contracts are not, or not all, deployed on this chain: run `vouchertrail deploy`."""
