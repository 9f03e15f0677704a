"""A process of a Python function is a copy of a prepared one, and is like any other."""

from tests.integration.local.emulator_script import run_in_emulator

# Runs functions on the emulator's workers; those of `start(…, plain=True)` are no copies.
WORKERS = """
import io, json, os, signal, subprocess, sys, textwrap, time, zipfile
sys.path.insert(0, sys.argv[1])
import local.emulator.function_errors
import local.emulator.log_draining
import local.emulator.shared_code
from ministack.core import lambda_runtime
from local.emulator import function_processes

copying, workers = lambda_runtime.subprocess, []

def start(code, plain=False, variables={}, **files):
    lambda_runtime.subprocess = subprocess if plain else copying
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as zipped:
        for name, text in {"index.py": textwrap.dedent(code), **files}.items():
            zipped.writestr(name, text)
    worker = lambda_runtime.Worker("named", {
        "Runtime": "python3.13", "Handler": "index.handle", "Timeout": 2, "FunctionName": "named",
        "Environment": {"Variables": variables},
        "FunctionArn": "arn:aws:lambda:eu-west-1:000000000000:function:named",
    }, package.getvalue())
    workers.append(worker)
    return worker

def call(worker, event=None):
    answer = worker.invoke(event, "request")
    return answer.get("result", answer)

def is_copy(worker):
    return isinstance(worker._proc, function_processes.Copy)

def wait_for(holds):
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)

def state_of(pid):
    try:
        return open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return None
"""
END = """
for worker in workers:
    worker.kill()
"""


def run(script: str) -> None:
    run_in_emulator(WORKERS + script + END)


def test_a_copy_looks_like_a_process_of_its_own(emulator):
    run('''
LOOKS = """
    import os, random, signal, subprocess, sys, threading, time

    def handle(event, context):
        return {
            "folder": os.path.basename(os.getcwd()),
            "beside": os.path.dirname(os.path.abspath(sys.argv[0])) == sys.path[1],
            "path": [os.path.basename(sys.path[0]), *sys.path[2:]],
            "main": os.path.basename(sys.modules["__main__"].__file__),
            "environment": {**os.environ, "AWS_LAMBDA_LOG_STREAM_NAME": "", "LAMBDA_TASK_ROOT": ""},
            "of the system": os.system('test "$COLOUR" = blue'),
            "hour": time.strftime("%H", time.gmtime(0)) == time.strftime("%H", time.localtime(0)),
            "files": sorted(int(each) for each in os.listdir("/proc/self/fd"))[:-1],
            "threads": threading.active_count(),
            "signals": [str(signal.getsignal(each)) for each in signal.valid_signals()],
            "ended": subprocess.run(["sh", "-c", "exit 3"]).returncode,
            "streams": [(each.encoding, each.errors, each.line_buffering)
                        for each in (sys.__stdin__, sys.__stdout__, sys.__stderr__)],
        }
"""
given = {"COLOUR": "blue", "TZ": "Asia/Tokyo", "LAMBDA_WORD": "1"}
plain, copy = start(LOOKS, plain=True, variables=given), None
first = call(plain)
copy = start(LOOKS, variables=given)
second = call(copy)
assert (is_copy(plain), is_copy(copy)) == (False, True)
assert first.pop("folder").startswith("rowline-code-")
second.pop("folder")
assert first == second, [(name, first[name], second[name])
                         for name in first if first[name] != second[name]]
assert (second["ended"], second["of the system"], second["hour"]) == (3, 0, False)
''')


def test_copies_share_nothing(emulator):
    run('''
COUNTS = """
    import os, random, uuid
    import botocore.session
    def handle(event, context):
        if event:
            os.environ["SEEN"] = botocore.session.SEEN = event
        return [os.environ.get("SEEN"), getattr(botocore.session, "SEEN", None), random.random(),
                str(uuid.uuid4())]
"""
first, second = start(COUNTS), start(COUNTS)
one, other = call(first, "a"), call(second)
assert (one[:2], other[:2]) == (["a", "a"], [None, None])
assert not set(one[2:]) & set(other[2:])
assert call(first)[:2] == ["a", "a"]
''')


def test_a_package_gets_its_own_modules(emulator):
    run('''
SAYS = """
    import botocore.session, colorsys, shlex, urllib3
    def handle(event, context):
        return [str(getattr(each, "MINE", False)) for each in (urllib3, colorsys, shlex)]
"""
import urllib3
real = os.path.dirname(urllib3.__file__)
same = {
    f"urllib3/{os.path.relpath(os.path.join(folder, name), real)}":
        open(os.path.join(folder, name)).read()
    for folder, _, names in os.walk(real) for name in names if name.endswith(".py")
}
mine = {**same, "urllib3/__init__.py": same["urllib3/__init__.py"] + "\\nMINE = True\\n"}
release = f"urllib3-{urllib3.__version__}.dist-info/METADATA"
for files, copied, says in (
    ({"colorsys.py": "MINE = True"}, True, ["False", "True", "False"]),
    ({"shlex.py": "MINE = True"}, False, ["False", "False", "True"]),
    (mine, False, ["True", "False", "False"]),
    ({**mine, "urllib3-2.0.0.dist-info/METADATA": ""}, False, ["True", "False", "False"]),
    ({**same, release: ""}, True, ["False", "False", "False"]),
):
    worker = start(SAYS, **files)
    assert call(worker) == says, files.keys()
    assert is_copy(worker) is copied, files.keys()
''')


def test_variables_that_python_reads_first_have_their_effect(emulator):
    run('''
HASHES = """
    import sys
    def handle(event, context):
        return [sys.flags.hash_randomization, sys.flags.optimize]
"""
assert call(start(HASHES, variables={"PYTHONHASHSEED": "0", "PYTHONOPTIMIZE": "1"})) == [0, 1]
assert call(start(HASHES)) == [1, 0]
''')


def test_a_killed_copy_is_replaced(emulator):
    run('''
SLOW = """
    import os, sys, time
    def handle(event, context):
        if event == "exit":
            os._exit(7)
        if event == "leave":
            sys.exit(7)
        time.sleep(event or 0)
        return os.getpid()
"""
worker = start(SLOW)
for end in (
    lambda pid: os.kill(pid, signal.SIGKILL),
    lambda pid: worker.invoke("exit", "request"),
    lambda pid: worker.invoke("leave", "request"),
    lambda pid: worker.invoke(60, "request"),
    lambda pid: worker.kill(),
):
    pid = call(worker)
    assert state_of(pid) in ("R", "S") and is_copy(worker)
    process = worker._proc
    end(pid)
    wait_for(lambda: state_of(pid) is None)
    assert process.poll() is not None
    process.kill()
    assert process.wait(0) is not None
process = start(SLOW)
call(process)
try:
    process._proc.wait(0.05)
    raise AssertionError("it runs")
except subprocess.TimeoutExpired:
    assert process._proc.poll() is None
''')


def test_functions_survive_the_prepared_process_and_get_another(emulator):
    run('''
PARENT = """
    import os
    def handle(event, context):
        return os.getppid()
"""
worker = start(PARENT)
prepared = call(worker)
assert call(start(PARENT)) == prepared != os.getpid()
os.kill(prepared, signal.SIGKILL)
wait_for(lambda: state_of(prepared) in (None, "Z"))
assert call(worker) != prepared  # the same process, of another parent
assert call(start(PARENT)) == os.getpid()
another = call(start(PARENT))
assert another not in (prepared, os.getpid())
''')
