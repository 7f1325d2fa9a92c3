"""Eight phones, a bad line, and somebody who kills: for SECONDS seconds, then the books.

    make torture                       # two minutes
    SECONDS=600 SEED=7 make torture

To be run under `bin/with-mariadb --durable --revive`, whose database may be killed. Ends with 1 if anything is wrong.
"""

import os
import random
import secrets
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lpg.settings")
os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(64))


def main() -> int:
    seconds = float(os.environ.get("SECONDS") or 120)
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(10**6))
    if "DB_PID_FILE" not in os.environ:
        raise SystemExit("torture: run it by `make torture`, which brings a database that may be killed")
    print(f"torture: {seconds:.0f} s, SEED={seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        os.environ["DATA_DIR"] = f"{folder}/data"
        return _torture(Path(folder), seconds, random.Random(seed))


def _torture(folder: Path, seconds: float, dice: random.Random) -> int:
    import django  # noqa: PLC0415  # its settings read DATA_DIR

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415

    from tests.running import Running  # noqa: PLC0415
    from torture.day import Driver  # noqa: PLC0415
    from torture.desk import Desk, drain, settled  # noqa: PLC0415
    from torture.judge import findings, of_acknowledged  # noqa: PLC0415
    from torture.nemesis import Nemesis  # noqa: PLC0415
    from torture.proxy import Line  # noqa: PLC0415
    from torture.world import PASSWORD, build  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    rounds = build()
    connection.close()
    running = Running(folder, LOG_LEVEL="ERROR", DB_NAME=os.environ["DB_NAME"]).wait_ready()
    line = Line(running.port, random.Random(dice.random()))
    line.bad = False
    drivers = [Driver(route, folder, line.port, random.Random(dice.random())) for route in rounds]
    desk = Desk("admin", PASSWORD, line.port, random.Random(dice.random()))
    people: list[Driver | Desk] = [*drivers, desk]
    try:
        for one in people:
            one.sign_in()
        nemesis = Nemesis(running.process.pid, drivers, random.Random(dice.random()))
        stop = threading.Event()
        line.bad = True
        for one in people:
            one.start(stop)
        nemesis.start()
        time.sleep(seconds)
        stop.set()
        nemesis.stop()
        line.bad = False
        for one in people:
            if one.thread:
                one.thread.join()
        drain(drivers, lambda: settled(desk))
        wrong = [f"the desk stopped: {desk.wrong!r}"] if desk.wrong else []
        for driver in drivers:
            wrong += of_acknowledged(driver.route.username, driver.phone.store.all())
            driver.say_all_again()
        drain(drivers)
        wrong += findings(drivers)
    finally:
        running.stop()
        line.close()
        for driver in drivers:
            driver.phone.close()
    said = sum((driver.said for driver in drivers), Counter[str]())
    print(f"torture: {dict(nemesis.done)}, line: {line.lost}")
    print(f"torture: answers {dict(said)}")
    print(f"torture: the desk {dict(desk.said)}")
    for sentence in wrong[:100]:
        print(f"WRONG: {sentence}")
    print(f"torture: {len(wrong)} things wrong" if wrong else "torture: every promise held")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
