"""A small import folder as text, to be bent by tests."""

from collections.abc import Mapping
from pathlib import Path

SMALL: Mapping[str, str] = {
    "categories.csv": "category,name\n1,Catering\n2,Tourism\n",
    "programmes.csv": (
        "programme,name,token,utc_offset_minutes,starts_at,ends_at,region,categories,channels,"
        "max_deadline_seconds,reversal_window_seconds,dispute_window_seconds\n"
        "spring,Spring 春,CNYT,480,2026-03-01T00:00:00+08:00,2026-06-01T00:00:00+08:00,37,1;2,store;online,900,86400,172800\n"
    ),
    "budget_lines.csv": (
        "programme,line,funder,funding_region,beneficiary_group,purpose,amount\n"
        "spring,1,province,37,residents,catering,100000\n"
        "spring,2,0x00000000000000000000000000000000000000aa,*,residents,tourism,50000\n"
    ),
    "merchants.csv": (
        "merchant,name,categories,region,channels\n"
        "canteen,The Canteen,1,370102,store\n"
        "hotel,The Hotel,2,3702,store;online\n"
    ),
    "batches.csv": (
        "batch,programme,line,kind,face_value,minimum_spend,categories,region,channels,valid_from,valid_until,"
        "claim_days,quota\n"
        "meal,spring,1,fixed,2000,5000,1,37,store,2026-03-01T00:00:00+08:00,2026-04-01T00:00:00+08:00,0,10\n"
        "night,spring,2,fixed,5000,20000,2,3702,store;online,2026-03-01T00:00:00+08:00,2026-06-01T00:00:00+08:00,0,10\n"
    ),
    "holders.csv": (
        "roll,programme,place,holder,again\n"
        "first,spring,0,person-1,\nfirst,spring,1,person-2,\nfirst,spring,2,person-1,again\n"
        "own,spring,0,0x00000000000000000000000000000000000000Bb,\nown,spring,1,device:phone,\n"
    ),
    "issues.csv": "batch,roll\nmeal,first\nnight,first\nmeal,own\n",
    "redemptions.csv": (
        "row,code,redeemed_at,programme,batch,roll,place,merchant,channel,receipt,items,signer,expected\n"
        "1,1,2026-03-02T12:00:00+08:00,spring,meal,first,0,canteen,store,r-1,1:9000;2:100,,\n"
        "2,2,2026-03-02T04:00:01Z,spring,meal,first,0,canteen,store,r-2,1:9000,,AlreadyRedeemed\n"
        "3,3,2026-03-02T04:00:02Z,spring,meal,first,1,canteen,store,r-3,1:9000,device:thief,SignatureInvalid\n"
    ),
}


def write_folder(path: Path, **changed: str | bytes | None) -> Path:
    """Writes the small folder; a keyword such as `batches=…` replaces a file, None leaves it out."""
    path.mkdir(parents=True, exist_ok=True)
    for file, text in SMALL.items():
        content = changed.get(file.removesuffix(".csv"), text)
        if content is not None:
            (path / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def bent(file: str, old: str, new: str) -> dict[str, str | bytes | None]:
    """The small folder's file with the first `old` replaced; it must be there."""
    text = SMALL[f"{file}.csv"]
    assert old in text
    return {file: text.replace(old, new, 1)}
