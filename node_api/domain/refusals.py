"""Why the rules say no: one class for each reason of `IVouchersErrors`, in the order in which they are checked.

The reason on chain is the selector of the error `Vouchers_` + the class's name.
"""

from node_api.domain.errors import Refusal


class RuleRefusal(Refusal):
    """A reason that the contract knows too."""


class NodeRefusal(Refusal):
    """A reason that only the node can see."""


class TerminalUnknown(RuleRefusal):
    rule = "the terminal named is an active terminal of the merchant"
    remedy = "leave the terminal out, or have the registrar add it to the merchant"


class TerminalSignatureInvalid(RuleRefusal):
    rule = "the terminal signed TerminalBatch(merchant, redemptions) over exactly these items in this order"
    remedy = "sign again at the terminal, with the domain and types of GET /v1/eip712"


class VouchersMissing(RuleRefusal):
    rule = "a redemption names at least one voucher"
    remedy = "put the vouchers to be spent into the list and sign it"


class VoucherUnknown(RuleRefusal):
    rule = "a voucher exists once its batch was issued to its roll"
    remedy = "check the number; GET /v1/holders/{address}/vouchers lists a holder's vouchers"


class SignatureInvalid(RuleRefusal):
    rule = "the first voucher's holder signed exactly these vouchers, merchant, bill, receipt, channel, deadline, on this chain"
    remedy = "have the holder sign again, with the domain and types of GET /v1/eip712"


class DeadlinePassed(RuleRefusal):
    rule = "a signature is used before its deadline"
    remedy = "have the holder make a new code"


class DeadlineTooFar(RuleRefusal):
    rule = "a signature's deadline is no further ahead than the programme's rules allow"
    remedy = "have the holder make a code with a nearer deadline"


class VouchersNotAscending(RuleRefusal):
    rule = "voucher numbers ascend, each named once"
    remedy = "sort the vouchers by number, leave doubles out, and have the holder sign again"


class HolderMismatch(RuleRefusal):
    rule = "all vouchers of one signature belong to its holder"
    remedy = "make one code for each holder"


class ProgrammeMixed(RuleRefusal):
    rule = "all vouchers of one signature belong to one programme"
    remedy = "make one code for each programme"


class VoucherFrozen(RuleRefusal):
    rule = "a frozen voucher, or one of a frozen roll, batch or holder, is not spent"
    remedy = "wait until the freeze ends or is lifted; the auditor who set it gave a reason, and an appeal is recorded"


class VoucherRevoked(RuleRefusal):
    rule = "a revoked voucher is not spent"
    remedy = "use another voucher; the trace names who revoked this one and why"


class VoucherBooked(RuleRefusal):
    rule = "a booked voucher is not spent otherwise"
    remedy = "have its merchant capture the booking, or release it; GET /v1/vouchers/{id} names the booking"


class AlreadyRedeemed(RuleRefusal):
    rule = "a voucher is redeemed once"
    remedy = "use another voucher; GET /v1/vouchers/{id} shows where this one was spent"


class SignatureUsed(RuleRefusal):
    rule = "a signature whose redemption was reversed, or whose booking was released, is dead"
    remedy = "have the holder make a new code; the voucher itself can be spent again"


class ProgrammeNotActive(RuleRefusal):
    rule = "vouchers are spent while their programme is active"
    remedy = "wait until the programme is activated; a closed one takes no more redemptions"


class ProgrammePaused(RuleRefusal):
    rule = "nothing is spent while the programme or the network is paused"
    remedy = "wait until the pause ends; its length is added to the validity"


class NotYetValid(RuleRefusal):
    rule = "a voucher is spent from its first second of validity on"
    remedy = "come back when it has begun"


class Expired(RuleRefusal):
    rule = "a voucher is spent before its validity ends"
    remedy = "use another voucher; this one's value goes back to the budget line"


class MerchantNotActive(RuleRefusal):
    rule = "only an active merchant redeems"
    remedy = "ask the registrar why the merchant is not active"


class MerchantFrozen(RuleRefusal):
    rule = "a frozen merchant does not redeem"
    remedy = "wait until the freeze ends or is lifted; the merchant may appeal"


class CategoryNotShared(RuleRefusal):
    rule = "the merchant is vetted for one of the voucher's categories"
    remedy = "spend the voucher at a merchant of its categories"


class RegionOutside(RuleRefusal):
    rule = "the merchant lies in the voucher's spend region"
    remedy = "spend the voucher at a merchant of its region"


class ChannelClosed(RuleRefusal):
    rule = "voucher and merchant are both open for the channel"
    remedy = "use a channel that both allow"


class AmountMismatch(RuleRefusal):
    rule = "the amount signed for a fixed value is its face value, the sequence 0"
    remedy = "have the holder sign the face value"


class SequenceMismatch(RuleRefusal):
    rule = "stored value is spent in the order of its sequence; a percentage has sequence 0"
    remedy = "have the holder make a new code; GET /v1/vouchers/{id} shows the next sequence"


class AmountOutside(RuleRefusal):
    rule = "an amount is above zero, at most a percentage's cap, stored value's rest, or, captured, what was booked"
    remedy = "have the holder sign less; GET /v1/vouchers/{id} shows the rest"


class NothingOff(RuleRefusal):
    rule = "the voucher's percentage of the bill comes to something"
    remedy = "spend it on a larger bill"


class AmountsOverBill(RuleRefusal):
    rule = "the vouchers' amounts add up to no more than the bill"
    remedy = "spend fewer vouchers on this receipt"


class MinimumSpendUnmet(RuleRefusal):
    rule = "the bill reaches the sum of the vouchers' minimum spends"
    remedy = "spend fewer vouchers on this receipt, or buy more in their categories"


class OpenCodeNotAllowed(RuleRefusal):
    rule = "a code names its merchant and bill, unless the rules of all its vouchers allow open ones"
    remedy = "have the holder make a code for this merchant and bill"


class OpenCodeUnanswered(RuleRefusal):
    rule = "an open code is redeemed where a terminal of the merchant answers for it"
    remedy = "have a terminal of the merchant send or sign it, or the holder make a code for this merchant and bill"


class OpenDeadlineTooFar(RuleRefusal):
    rule = "an open code's deadline is no further ahead than the rules allow such a code, five minutes at most"
    remedy = "have the holder make a code with a nearer deadline"


class OpenBillTooHigh(RuleRefusal):
    rule = "the bill is no higher than what the holder signed an open code for"
    remedy = "have the holder make a code for this bill"


class OpenBillLimitPassed(RuleRefusal):
    rule = "the bill is no higher than the rules allow an open code"
    remedy = "have the holder make a code for this merchant and bill"


class ConsentMissing(RuleRefusal):
    rule = "above the step-up threshold a redemption needs the consent of an attestor"
    remedy = "have an attestor consent to this very redemption (`vouchertrail redemptions consent`), or spend less"


class RedemptionLimitPassed(RuleRefusal):
    rule = "one redemption stays within the programme's limits of amount and vouchers"
    remedy = "spend fewer vouchers on this receipt"


class DayLimitPassed(RuleRefusal):
    rule = "a holder stays within the programme's limits for a day"
    remedy = "spend the rest on another day"


class MonthLimitPassed(RuleRefusal):
    rule = "a holder stays within the programme's limits for a month"
    remedy = "spend the rest in another month"


class NotFirstRedemption(RuleRefusal):
    rule = "the voucher is for a holder's first redemption in the programme"
    remedy = "use another voucher"


class MerchantLimitPassed(RuleRefusal):
    rule = "a merchant stays within the programme's limit for a day and budget line"
    remedy = "come back tomorrow, or spend at another merchant"


class TerminalLimitPassed(RuleRefusal):
    rule = "a terminal stays within its own limit for a day"
    remedy = "use another terminal, or have the registrar raise the limit"


class SelfRedemption(RuleRefusal):
    rule = "a holder does not redeem at a terminal with their own key"
    remedy = "redeem at another terminal"


class LapsePassed(RuleRefusal):
    rule = "a booking lapses after it is made"
    remedy = "have the holder sign with a later time of lapse"


class LapseBeyondValidity(RuleRefusal):
    rule = "a booking lapses no later than its vouchers' validity ends"
    remedy = "have the holder sign with an earlier time of lapse"


class BillMismatch(NodeRefusal):
    rule = "the bill signed is the sum of the receipt's items in the union of the vouchers' categories"
    remedy = "have the holder sign the sum of those items"


class ReceiptUsed(NodeRefusal):
    rule = "a receipt is used once at a merchant in one programme"
    remedy = "put all vouchers for one receipt into one code"


RULES: dict[str, type[RuleRefusal]] = {reason.__name__: reason for reason in RuleRefusal.__subclasses__()}
"""The contract's reasons by name."""

REFUSALS: dict[str, type[Refusal]] = {**RULES, **{reason.__name__: reason for reason in NodeRefusal.__subclasses__()}}
"""All reasons by name."""
