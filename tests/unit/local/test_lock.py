"""The lock of a stage keeps others out, also while `down --purge` removes its file."""

import threading

from filelock import FileLock


def test_one_at_a_time_although_the_file_is_removed(tmp_path):
    path, inside, most = tmp_path / "lock", [], []

    def work():
        for _ in range(20):
            with FileLock(path, poll_interval=0.001):
                inside.append(1)
                most.append(len(inside))
                inside.pop()
                path.unlink()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (max(most), len(most)) == (1, 80)
    assert not path.exists()
