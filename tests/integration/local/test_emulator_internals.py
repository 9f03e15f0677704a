"""What only the emulator's own interpreter can show of its closed gaps."""

from tests.integration.local.emulator_script import run_in_emulator

PACKAGES = """
import sys, tempfile, zipfile
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from local.emulator.shared_code import SharingZip

holder = tempfile.TemporaryDirectory()
tempfile.tempdir = holder.name

def unpacked(**modules):
    beside = Path(tempfile.mkdtemp(prefix="ministack-lambda-"))
    with zipfile.ZipFile(beside / "package.zip", "w") as package:
        for name, text in modules.items():
            package.writestr(f"{name}.py", text)
    (beside / "code").mkdir()
    SharingZip(beside / "package.zip").extractall(beside / "code")
    return (beside / "code").resolve()

def inodes(folder):
    return [(folder / name).stat().st_ino for name in ("index.py", "other.py")]

first = unpacked(index="one", other="one")
assert unpacked(index="one", other="one") == first
of_another_function = unpacked(index="its own", other="its own")
later = unpacked(index="two", other="one")
assert (later / "index.py").read_text() == "two"
assert inodes(later)[0] != inodes(first)[0]
assert inodes(later)[1] == inodes(first)[1]
assert not set(inodes(of_another_function)) & set(inodes(later))
"""


def test_a_package_links_the_files_that_it_shares_with_any_earlier_one(emulator):
    run_in_emulator(PACKAGES)


CONDITIONS = """
import sys
sys.path.insert(0, sys.argv[1])
from ministack.services import dynamodb

parsed = []
for name in ("_tokenize", "_condition_syntax_error"):
    def counted(*args, stock=getattr(dynamodb, name)):
        parsed.append(args)
        return stock(*args)
    setattr(dynamodb, name, counted)
import local.emulator.condition_parsing

values = {":pk": {"S": "a"}, ":prefix": {"S": "d#"}}
for n in range(500):
    item = {"pk": {"S": "a"}, "sk": {"S": f"{'de'[n % 2]}#{n}"}}
    for slot in "Condition", "KeyCondition":
        asked = "pk = :pk AND begins_with(sk, :prefix)", item, values, {}, f"{slot}Expression"
        assert dynamodb._evaluate_condition(*asked[:4], slot=asked[4]) is (n % 2 == 0), n
assert len(parsed) == 2, len(parsed)
"""


def test_a_condition_is_parsed_once(emulator):
    run_in_emulator(CONDITIONS)
