"""python official.py legacy|auto|REVISION|tasks|extension URL|COMMAND

Runs all checks of the lifecycle with the Python client that is installed, or those of tasks, prints `ok NAME` for each, and
stops at the first that fails. CLIENTS_SKIP holds names to leave out, separated by semicolons.
"""

import os
import sys
import traceback
import warnings

import anyio

warnings.simplefilter("ignore")  # pings, levels and sessions are deprecated; here they are what is tested

from checks import LEGACY, MODERN, LeftOut  # noqa: E402
from peer import connect  # noqa: E402


def checks_of(what: str):
    """The lifecycle, how to connect, and what is done in each lifecycle."""
    if what == "tasks":
        from tasks import TASKS

        return "legacy", connect, {False: TASKS}
    if what == "extension":
        import extension

        return "auto", extension.connect, {True: extension.TASKS}
    return what, connect, {False: LEGACY, True: MODERN}


async def main(what: str, address: str) -> None:
    era, open_peer, checks = checks_of(what)
    skipped = [name.strip() for name in os.environ.get("CLIENTS_SKIP", "").split(";")]
    name, passed = "connect", 0
    try:
        with anyio.fail_after(60):
            async with open_peer(era, address) as peer:
                assert peer.modern == (era != "legacy"), f"the client settled for {peer.version}"
                for name, check in checks[peer.modern].items():
                    if name in skipped:
                        print(f"skipped {name}")
                        continue
                    try:
                        await check(peer)
                    except LeftOut as reason:
                        print(f"skipped {name}: {reason}")
                        continue
                    print(f"ok {name}", flush=True)
                    passed += 1
                name = "close"
        assert not peer.troubles, peer.troubles
    except BaseException as error:
        while isinstance(error, BaseExceptionGroup):  # what failed is inside, once for each task group around it
            error = error.exceptions[0]
        print(f"FAILED {name}")
        traceback.print_exception(error, file=sys.stdout)
        sys.exit(1)
    print(f"ok close\n{passed + 1} passed")


anyio.run(main, *sys.argv[1:])
