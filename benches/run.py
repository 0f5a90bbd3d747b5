#!/usr/bin/env python3
"""Measures guestlist beside its peers, in one run, on this machine; prints Markdown tables.

    cargo build --release
    benches/run.py peers      sending: guestlist, curl --parallel and wrk take turns against one nginx
    benches/run.py million    reading, staging and rerunning a million rows, beside sqlite3's .import

Needs Linux, python3, nginx with its lua module and cjson, curl, wrk, sqlite3 and GNU time
(Debian: nginx libnginx-mod-http-lua lua-cjson curl wrk sqlite3 time). All traffic stays on 127.0.0.1.
"""
import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
GUESTLIST = HERE.parent / "target/release/guestlist"
SERVER = "http://127.0.0.1:18090"
MEETING = "3f2b8c1e-5d4a-4e6f-9a7b-1c2d3e4f5a6b"
ADDS = f"{SERVER}/client/v4/accounts/account/realtime/kit/app/meetings/{MEETING}/participants"
NAMES = ["Ada Adler", "Zoë Müller", "李小龍", "O'Neill, Shaun", 'Anne "Annie" Lee', "Kofi Castro", "محمد علي",
         "Priya Hughes", "José Núñez", "Wei Tanaka"]


def person(i):
    preset = ["group_call_participant"] * 9 + ["group_call_host"]
    return {"custom_participant_id": f"stu-{i:08d}-{(i * 2654435761) % 2**32:08x}", "name": NAMES[i * 7 % 10],
            "preset_name": preset[i % 10], "picture": f"https://img.example.edu/avatars/{i:08d}.png"}


def write_roster(folder, rows):
    path = folder / f"roster-{rows}.csv"
    with open(path, "w", encoding="utf-8") as out:
        out.write("custom_participant_id,name,preset_name,picture\n")
        for i in range(1, rows + 1):
            row = person(i)
            name = '"' + row["name"].replace('"', '""') + '"' if set(row["name"]) & set(',"') else row["name"]
            out.write(f'{row["custom_participant_id"]},{name},{row["preset_name"]},{row["picture"]}\n')
    return path


def write_curl_config(folder, rows):
    path = folder / "curl.cfg"
    with open(path, "w", encoding="utf-8") as out:
        for i in range(1, rows + 1):
            body = json.dumps(person(i), ensure_ascii=False).replace("\\", "\\\\").replace('"', '\\"')
            out.write("next\n" if i > 1 else "")
            out.write(f'url = "{ADDS}"\nheader = "Content-Type: application/json"\n'
                      f'header = "Authorization: Bearer bench"\ndata-raw = "{body}"\n')
    return path


def write_wrk_script(folder):
    path = folder / "wrk.lua"
    body = json.dumps(person(1))
    path.write_text(f"wrk.method = 'POST'\nwrk.body = [==[{body}]==]\n"
                    "wrk.headers['Content-Type'] = 'application/json'\nwrk.headers['Authorization'] = 'Bearer bench'\n")
    return path


@contextlib.contextmanager
def stub(folder):
    version = subprocess.run(["nginx", "-V"], capture_output=True, text=True).stderr
    modules = re.search(r"--modules-path=(\S+)", version).group(1)
    config = folder / "stub.conf"
    config.write_text((HERE / "stub.conf").read_text().replace("@MODULES@", modules))
    server = subprocess.Popen(["nginx", "-c", str(config), "-p", str(folder), "-e", str(folder / "stub.err")])
    try:
        for _ in range(100):
            with contextlib.suppress(OSError):
                added()
                break
            time.sleep(0.05)
        yield
    finally:
        server.terminate()
        server.wait()


def added():
    with urllib.request.urlopen(f"{SERVER}/added") as answer:
        return json.load(answer)["added"]


def timed(command, **options):
    """Runs a command: wall seconds, peak MiB, CPU seconds, standard output."""
    with tempfile.NamedTemporaryFile("r") as report:
        began = time.perf_counter()
        done = subprocess.run(["/usr/bin/time", "-o", report.name, "-f", "%M %U %S"] + [str(part) for part in command],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
        seconds = time.perf_counter() - began
        peak, user, system = report.read().split()[-3:]
    if done.returncode not in (0, 4):
        raise SystemExit(f"{command} ended with {done.returncode}: {done.stderr[-2000:]}")
    return seconds, int(peak) / 1024, float(user) + float(system), done.stdout


def imported(roster, journal, *further):
    environment = dict(os.environ, CLOUDFLARE_API_TOKEN="bench", RUST_BACKTRACE="0")
    seconds, peak, cpu, out = timed(
        [GUESTLIST, "import", roster, "--meeting", MEETING, "--account-id", "account", "--app-id", "app",
         "--api-url", f"{SERVER}/client/v4", "--journal", journal, "--rate", "unlimited", "--concurrency", "64",
         "--json", *further], env=environment)
    return seconds, peak, cpu, json.loads(out.splitlines()[-1])


def forget(journal):
    for ending in ("", "-wal", "-shm", ".lock"):
        pathlib.Path(f"{journal}{ending}").unlink(missing_ok=True)


def synced_write(folder):
    """Median milliseconds of appending 64 KiB to a file here and syncing it."""
    costs = []
    with open(folder / "sync", "wb", buffering=0) as file:
        for _ in range(200):
            file.write(b"x" * 65536)
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            costs.append(time.perf_counter() - began)
    return statistics.median(costs) * 1000


def guestlist_once(roster, journal, rows):
    forget(journal)
    before = added()
    seconds, peak, cpu, summary = imported(roster, journal)
    assert summary["added"] == rows == added() - before, summary
    return rows / seconds, peak, cpu / rows * 1000


def curl_once(config, rows):
    before = added()
    seconds, peak, cpu, _ = timed(["curl", "-sS", "-Z", "--parallel-max", "64", "-K", config])
    assert added() - before == rows
    return rows / seconds, peak, cpu / rows * 1000


def wrk_once(script):
    before = added()
    seconds, peak, cpu, _ = timed(["wrk", "-t1", "-c64", "-d3s", "-s", script, ADDS])
    posts = added() - before
    return posts / seconds, peak, cpu / posts * 1000


def peers(folder, rows, runs):
    roster, config, script = write_roster(folder, rows), write_curl_config(folder, rows), write_wrk_script(folder)
    journal = folder / "journal.db"
    contenders = {
        "wrk, one body (the ceiling)": lambda: wrk_once(script),
        "guestlist, every row journaled": lambda: guestlist_once(roster, journal, rows),
        "curl --parallel, nothing journaled": lambda: curl_once(config, rows),
    }
    results = {name: [] for name in contenders}
    with stub(folder):
        for _ in range(runs):
            for name, once in contenders.items():
                results[name].append(once())
    curl = statistics.median(rate for rate, _, _ in results["curl --parallel, nothing journaled"])
    wrk = statistics.median(rate for rate, _, _ in results["wrk, one body (the ceiling)"])
    print(f"{rows} rows, 64 at once, {runs} rounds, {os.cpu_count()} cores for client and server together; "
          f"a synced write of 64 KiB costs {synced_write(folder):.2f} ms here.\n")
    print("| | rows/s: least, median, most | of curl | of wrk | CPU ms a row | peak MiB |")
    print("|---|---|---|---|---|---|")
    for name, runs_of in results.items():
        rates, peaks, costs = zip(*runs_of)
        rate = statistics.median(rates)
        print(f"| {name} | {min(rates):,.0f}, **{rate:,.0f}**, {max(rates):,.0f} | {rate / curl:.2f} | {rate / wrk:.2f} | "
              f"{statistics.median(costs):.3f} | {max(peaks):.0f} |")


def sqlite_import(roster, folder):
    database = folder / "peer.db"
    database.unlink(missing_ok=True)
    script = ("CREATE TABLE roster (custom_participant_id TEXT PRIMARY KEY, name TEXT, preset_name TEXT, picture TEXT);\n"
              f".mode csv\n.import --skip 1 {roster} roster\n")
    return timed(["sqlite3", database], input=script)[0]


def million(folder, rows, runs):
    journal = folder / "journal.db"
    big = write_roster(folder, rows)
    checks = [timed([GUESTLIST, "check", big, "--json"])[:2] for _ in range(runs)]
    peer = statistics.median(sqlite_import(big, folder) for _ in range(runs))
    flat, stages = [], []
    with stub(folder):
        for size in (rows // 100, rows // 10, rows):
            forget(journal)
            seconds, peak, cpu, summary = imported(write_roster(folder, size), journal)
            assert summary["added"] == size, summary
            flat.append((size, seconds, peak, cpu, summary["seconds"]))
        reruns = [imported(big, journal) for _ in range(runs)]
        assert all(run[3]["added"] == 0 and run[3]["present"] == rows for run in reruns)
        posts = added()
    stage, rerun = flat[-1][4]["stage"], statistics.median(run[0] for run in reruns)
    check = statistics.median(seconds for seconds, _ in checks)
    print(f"{rows:,} rows, {os.cpu_count()} cores, {runs} runs of check, `.import` and rerun; "
          f"a synced write of 64 KiB costs {synced_write(folder):.2f} ms here.\n")
    print("| | seconds | rows/s | beside `.import` | peak MiB |")
    print("|---|---|---|---|---|")
    print(f"| sqlite3 `.import`, text primary key | {peer:.2f} | {rows / peer:,.0f} | 1 | |")
    print(f"| `guestlist check` | {check:.2f} | {rows / check:,.0f} | | {max(peak for _, peak in checks):.0f} |")
    print(f"| staging (`seconds.stage`) | {stage:.2f} | {rows / stage:,.0f} | {peer / stage:.2f} of its rate | |")
    print(f"| rerun when all are in: {posts - rows * 111 // 100} sent | {rerun:.2f} | {rows / rerun:,.0f} | "
          f"{rerun / peer:.2f} times its time | {max(run[1] for run in reruns):.0f} |")
    print("\n| import of | seconds | rows/s | CPU ms a row | peak MiB |\n|---|---|---|---|---|")
    for size, seconds, peak, cpu, _ in flat:
        print(f"| {size:,} | {seconds:.2f} | {size / seconds:,.0f} | {cpu / size * 1000:.3f} | {peak:.0f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["peers", "million"])
    parser.add_argument("--rows", type=int)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--folder", help="where journals and rosters go; on the disk to be measured")
    given = parser.parse_args()
    for tool in ("nginx", "curl", "wrk", "sqlite3", "/usr/bin/time", str(GUESTLIST)):
        if not shutil.which(tool):
            raise SystemExit(f"{tool} is missing; see the top of {__file__}")
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        if given.what == "peers":
            peers(pathlib.Path(folder), given.rows or 20_000, given.runs)
        else:
            million(pathlib.Path(folder), given.rows or 1_000_000, given.runs)


if __name__ == "__main__":
    main()
