"""A lock keeps others out, also when its holder removes the file."""

import threading

from local.lock import exclusive


def test_one_at_a_time_although_the_file_is_removed(tmp_path):
    path, inside, most = tmp_path / "lock", [], []

    def work():
        for _ in range(50):
            with exclusive(path):
                inside.append(1)
                most.append(len(inside))
                inside.pop()
                path.unlink()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (max(most), len(most)) == (1, 200)
    assert not path.exists()


def test_an_error_lets_the_next_one_in(tmp_path):
    for _ in range(2):
        try:
            with exclusive(tmp_path / "lock"):
                raise ValueError
        except ValueError:
            continue
