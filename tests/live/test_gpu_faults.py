"""What goes wrong with leases at a real `serve` over four played cards of 12,000 MiB each."""

from __future__ import annotations

import json
import signal
import socket
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.live.lease_machine import SOON_S, Machine, machine_with
from tests.live.nvml import build
from tests.live.programs import Program, wait_until

pytestmark = pytest.mark.live

CARDS = "gpus 4\ngpu * mem_total 12000\ngpu * mem_used 0\ngpu * mem_reserved 0"
OFTEN = "[resources]\ncard_memory_period_s = 0.1\ncard_heat_period_s = 0.2\n"
ROOM_MIB = 12_000 - 360
"""What the margin of 3 % leaves of a card."""
AT_ONCE = 200


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Return a machine where `serve` runs."""
    library = build(tmp_path_factory.mktemp("nvml"))
    with machine_with(library, tmp_path_factory.mktemp("faults"), CARDS, OFTEN) as made:
        made.serve()
        yield made


@pytest.fixture(scope="module", autouse=True)
def silent(machine: Machine) -> str:
    """Return the id of a lease whose client was killed before all tests; its memory is used on."""
    script = (
        "import json, time, urllib.request as u\n"
        f"request = u.Request('http://127.0.0.1:{machine.port}/leases', method='POST',\n"
        "    data=json.dumps({'vram_mib': 3000, 'name': 'silent'}).encode(),\n"
        f"    headers={{'Authorization': 'Bearer {machine.key}'}})\n"
        "print(json.load(u.urlopen(request))['id'], flush=True)\n"
        "time.sleep(600)\n"
    )
    client = Program([sys.executable, "-c", script], folder=machine.folder, name="silent")
    lease_id = client.wait_for(lambda: client.out.strip() or None, "a lease", within_s=SOON_S)
    client.signal(signal.SIGKILL)
    client.wait()
    card = machine.lease(lease_id)["environment"]["CUDA_VISIBLE_DEVICES"]
    machine.play(f"gpu {card} mem_used 3000")
    return lease_id


WRONG: list[tuple[str, Any]] = [
    *(("vram_mib", each) for each in (0, -1, -(2**70), 10**30, 1.5, "4096", True, [], {}, None)),
    *(("duration_ms", each) for each in (0, -1, 1e17, 10**400, "30", True, [], {})),
    *(("priority", each) for each in ("", "HIGHEST", -1, 4, 1.0, True, [], {}, None)),
    *(("gpus", each) for each in (0, -1, 65, 10**30, "2", 1.5, True, [], {})),
    *(("pid", each) for each in (0, -1, 2**31, 10**30, "1", True)),
    *(("name", each) for each in ("x" * 201, 5, [], "a\x1b[2J", "a\nb")),
    *(("model", each) for each in ("", "x" * 201, 5)),
    *(("estimate_mib", each) for each in (0, -5, 10**30, "5", True)),
    *(("preemptible", each) for each in ("yes", 1)),
    *(("wait", each) for each in (-1, 1e9, "1", True)),
    ("vram", 4096),
]


def test_nonsense_is_refused_by_the_fields_name(machine: Machine):
    """400 in OpenAI's shape, with the name that clients give to the field; nothing waits then."""
    for field, value in WRONG:
        status, told = machine.ask("POST", "/leases", {"vram_mib": 1000, field: value})
        error = told.get("error", {})
        assert (status, error.get("param")) == (400, field), (field, value, told)
        assert set(error) == {"message", "type", "param", "code"}
        assert error["type"] == "invalid_request_error"
        assert len(error["message"]) < 300, (field, value)
    assert others(machine) == []


@pytest.mark.parametrize(
    "body",
    [
        *(
            b"",
            b"[]",
            b"null",
            b"{",
            b"\xff\xfe{}",
            b'{"vram_mib": NaN}',
            b'{"vram_mib": Infinity}',
        ),
        b'{"vram_mib": 1000, "duration_ms": 1e999}',
        b'{"vram_mib": 1000, "name": "\\ud800"}',
    ],
)
def test_what_is_no_json_is_refused(machine: Machine, body: bytes):
    """NaN and the infinite are none, nor are halves of letters."""
    status, told = machine.send("POST", "/leases", body)
    assert (status, told["error"]["type"]) == (400, "invalid_request_error"), told
    assert others(machine) == []


def test_nonsense_to_a_lease_that_is_held(machine: Machine):
    """It is refused by name, and the lease goes on as it was."""
    _, lease = machine.ask("POST", "/leases", {"vram_mib": 1000})
    path = f"/leases/{lease['id']}"
    for value in (0, -1, 1e17, "5", None, True):
        status, told = machine.ask("POST", f"{path}/renew", {"duration_ms": value})
        assert (status, told["error"]["param"]) == (400, "duration_ms"), value
    for wait in ("nan", "-1", "inf", "1e9", "soon", "9" * 400):
        for method, where in (("GET", path), ("POST", f"{path}/heartbeat")):
            status, told = machine.ask(method, f"{where}?wait={wait}")
            assert (status, told["error"]["param"]) == (400, "wait"), wait
    for where in ("/leases/" + "x" * 2000, "/leases/%00", "/leases/..%2f", "/leases/%ff"):
        assert machine.ask("GET", where)[0] in (400, 404), where
    assert machine.lease(lease["id"])["state"] == "active"
    machine.ask("DELETE", path)
    assert machine.ask("POST", f"{path}/heartbeat")[0] == 409


def test_programs_are_told_what_makes_no_sense(machine: Machine):
    """`gpu run` ends with 2 and names the option; nothing runs, and nothing waits."""
    wrong = (("--vram", "nan"), ("--vram", "-1"), ("--minutes", "inf"), ("--gpus", "0"))
    started = [
        machine.run(f"wrong{number}", "echo ran", *words) for number, words in enumerate(wrong)
    ]
    for program, (option, _) in zip(started, wrong, strict=True):
        assert program.wait(within_s=SOON_S) == 2
        assert f"argument {option}: " in program.err
        assert program.out == ""
    huge = machine.run("huge", "echo ran", "--vram", "16000000")
    assert (huge.wait(within_s=SOON_S), huge.out) == (125, "")
    assert f"largest that can ever fit is {ROOM_MIB} MiB" in huge.err


def test_two_programs_race_for_the_last_room(machine: Machine):
    """Eight at once want more than half of four cards each: never do two share a card."""
    folder = machine.folder / "race"
    folder.mkdir()
    script = (
        f"mkdir {folder}/card$CUDA_VISIBLE_DEVICES || touch {folder}/clash; sleep 0.2; "
        f"rmdir {folder}/card$CUDA_VISIBLE_DEVICES; touch {folder}/$$.done"
    )
    racing = [machine.run(f"racer{number}", script) for number in range(8)]
    assert [each.wait(within_s=2 * SOON_S) for each in racing] == [0] * 8
    assert len(list(folder.glob("*.done"))) == 8
    assert not (folder / "clash").exists()


def test_crowd_that_hangs_up_leaves_nothing_behind(machine: Machine, silent: str):
    """Of 200 that ask at once a quarter hangs up at once, and the rest while it waits."""
    body = json.dumps({"vram_mib": 2000, "name": "crowd", "wait": 60}).encode()
    head = (
        f"POST /leases HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {machine.key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    crowd = []
    for number in range(AT_ONCE):
        client = socket.create_connection(("127.0.0.1", machine.port), SOON_S)
        client.sendall(head.encode() + body)
        if number % 4 == 0:
            client.close()
        else:
            crowd.append(client)
    wait_until(lambda: "crowd" in machine.names("leases"), "some hold", within_s=SOON_S)
    wait_until(lambda: "crowd" in machine.names("queue"), "others wait", within_s=SOON_S)
    for client in crowd:
        client.close()
    wait_until(lambda: not machine.names("queue"), "nobody waits", within_s=SOON_S)
    held = [each for each in machine.ask("GET", "/leases")[1]["leases"] if each["name"] == "crowd"]
    assert len(held) <= 4 * (ROOM_MIB // 2000)
    # Who had the answer and hung up holds on until it is missed; `silent` tries that.
    for each in held:
        machine.ask("DELETE", f"/leases/{each['id']}")
    wait_until(lambda: machine.names("leases") in ([], ["silent"]), "all is free", within_s=SOON_S)


def test_who_keeps_silent_loses_the_lease(machine: Machine, silent: str):
    """It is said why, and what the program still uses is counted until it is seen free."""
    told = machine.until(silent, "it is missed", ended="lost")
    assert "no sign of life for 20 s" in told["reason"]
    wait_until(
        lambda: least_free(machine) <= ROOM_MIB - 3000 and "silent" not in machine.names("leases"),
        "what it uses counts as foreign",
        within_s=SOON_S,
    )
    status, _ = machine.ask("POST", "/leases", {"vram_mib": 9000, "gpus": 4, "name": "wide"})
    assert (status, machine.names("queue")) == (202, ["wide"])
    machine.play()
    wait_until(lambda: machine.names("leases") == ["wide"], "the card is free", within_s=SOON_S)


def least_free(machine: Machine) -> int:
    """Return what is free on the fullest card."""
    return min(int(card["free_mib"]) for card in machine.cards())


def others(machine: Machine) -> list[str]:
    """Return who holds or waits, `silent` aside."""
    told = machine.ask("GET", "/leases")[1]
    return [each["name"] for each in told["leases"] + told["queue"] if each["name"] != "silent"]
