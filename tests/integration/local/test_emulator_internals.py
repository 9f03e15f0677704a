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


FORMS = """
import sys
sys.path.insert(0, sys.argv[1])
from urllib import parse
from ministack import app
from ministack.services import sns
import local.emulator.form_decoding
import local.emulator.form_parsing

steps = []
def counted(*args, stock=parse.parse_qsl, **options):
    steps.append(args)
    return stock(*args, **options)
parse.parse_qsl = counted
for text in ("Action=Publish&Empty=&Message=%7B%22a%22%3A1%7D&Message=", "", "a=1&&b", "x"):
    for keep in (True, False):
        parsed = [module.parse_qs(text, keep_blank_values=keep) for module in (app, sns)]
        before = len(steps)
        assert parsed == [parse.parse_qs(text, keep_blank_values=keep)] * 2, text
        del steps[before:]
assert len(steps) == 4, steps
"""


def test_a_form_is_parsed_once(emulator):
    run_in_emulator(FORMS)


POLICIES = """
import sys
sys.path.insert(0, sys.argv[1])
from ministack.services import sqs

asked = []
def evaluated(*args):
    asked.append(args)
    return "yes" in queue["attributes"].get("Policy", "")
sqs.queue_policy_allows = evaluated
queue = {"attributes": {}}
sqs._queue_by_arn = {"arn:q": queue}.get
import local.emulator.policy_decisions

allows = sqs.queue_policy_allows
for policy in ("yes", "no", "yes"):
    queue["attributes"]["Policy"] = policy
    for topic in ("arn:t", "arn:u"):
        for _ in range(9):
            assert allows("arn:q", "sns.amazonaws.com", topic, "1") is (policy == "yes")
assert len(asked) == 4, asked
for _ in range(2):
    allows("arn:gone", "sns.amazonaws.com", "arn:t", "1")
assert len(asked) == 6, asked
"""


def test_a_policy_is_evaluated_once(emulator):
    run_in_emulator(POLICIES)


STATEMENTS = """
import sys
sys.path.insert(0, sys.argv[1])
from ministack.core import iam_evaluator

parsed = []
def counted(document, stock=iam_evaluator.parse_policy_document):
    parsed.append(document)
    return stock(document)
iam_evaluator.parse_policy_document = counted
import local.emulator.policy_decisions

allow = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
text = '{"Statement": [{"Effect": "Deny", "Action": "sqs:SendMessage", "Resource": "*"}]}'
for _ in range(9):
    (denied,) = found = iam_evaluator.parse_policy_document(text)
    assert (denied.effect, denied.actions) == ("Deny", ["sqs:SendMessage"])
    found.clear()
    assert iam_evaluator.parse_policy_document({"Statement": allow})[0].actions == ["sqs:*"]
assert parsed.count(text) == 1 and len(parsed) == 10, parsed
"""


def test_a_policy_is_parsed_once(emulator):
    run_in_emulator(STATEMENTS)


SILENT = """
import io, sys, zipfile
sys.path.insert(0, sys.argv[1])
import local.emulator.function_errors
import local.emulator.log_draining
from ministack.core import lambda_runtime

code = io.BytesIO()
with zipfile.ZipFile(code, "w") as package:
    package.writestr("index.py", "import sys\\n"
        "def handle(event, context):\\n"
        "    for line in event: print(line)\\n"
        "    if event: sys.stderr.write('no line break')\\n"
        "    return 1 // ('fail' not in event)\\n")
config = {
    "Runtime": "python3.11", "Handler": "index.handle", "Timeout": 30,
    "FunctionArn": "arn:aws:lambda:eu-west-1:000000000000:function:silent",
}
worker = lambda_runtime.Worker("silent", config, code.getvalue())
def never(seconds):
    raise AssertionError("it waits")
lambda_runtime.time.sleep = never
for event, log in (([], ""), (["a", "b"], "a\\nb\\nno line break"), (["fail"], None), ([], "")):
    answer = worker.invoke(event, "request")
    assert answer["status"] == "ok", answer
    assert log is None or answer["log"] == log, answer
worker.kill()
"""


def test_a_silent_call_ends_at_once(emulator):
    run_in_emulator(SILENT)
