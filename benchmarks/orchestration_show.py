"""The figures of orchestration.py for a person."""

from typing import Any


def show(figures: dict[str, Any]) -> None:
    print(f"{figures['date']}, Python {figures['python']}, {figures['candles']:,} candles, {figures['data']}")
    print(f"an empty Python call costs {figures['empty_call_ns']:.0f} ns here; CPU time, medians")
    for case in figures["cases"]:
        gate = f"the gate rejects {figures['rejected']:.0%}" if case["gated"] else "no candle is rejected"
        print(f"\n{case['nodes']} nodes, {gate}; {case['decisions']} decisions, equal everywhere")
        print(f"{'':26s} all candles, wall s   us a candle   us over bare")
        for name, f in case["ways"].items():
            over = "" if name in {"bare", "compiled", "columns"} else f"{f['over_us']:14.2f}"
            print(f"{name:26s} {f['wall_s']:19.2f} {f['cpu_us']:13.2f} {over}")
    for nodes in ("6", "150"):
        profile = figures[f"profile_{nodes}"]
        dearest = ", ".join(f"{name} {share:.0%}" for name, share in profile["dearest"].items())
        print(f"\nof an execute of {nodes} nodes, cProfile finds {profile['share']:.0%} in Hamilton's files: {dearest}")
    show_starts(figures["starts"])
    show_branches(figures["branches"])
    show_imports(figures["imports"])


def show_starts(starts: dict[str, Any]) -> None:
    print("\na fresh process                        import s  build ms  first candle ms   whole, CPU s   peak MB")
    for nodes, ways in starts.items():
        for name, f in ways.items():
            spans = f"{f['import_s']:8.2f} {f['build_s'] * 1e3:9.1f} {f['first_s'] * 1e3:16.2f}"
            print(f"{nodes:>3s} {name:34s} {spans} {f['process_cpu_s']:14.2f} {f['peak_mb']:9.0f}")


def show_branches(branches: dict[str, Any]) -> None:
    alone = ", ".join(f"{name} {s * 1e3:.0f} ms" for name, s in branches["branch_s"].items())
    print(f"\nindependent branches in a batch (alone: {alone}; load {branches['load']:.1f} on this machine)")
    for name, f in branches["drivers"].items():
        print(f"{name:28s} wall {f['wall_s'] * 1e3:7.0f} ms   CPU {f['cpu_s'] * 1e3:7.0f} ms")


def show_imports(imports: dict[str, Any]) -> None:
    absent, present, hamilton = imports["absent"], imports["present"], imports["hamilton"]
    print(f"\nwithout Hamilton and pandas: {absent['imported']} modules of kernel, venues and service import, ", end="")
    print(f"{len(absent['failed'])} do not; {absent['values']} features have values")
    for name, error in absent["failed"].items():
        print(f"  {name}: {error}")
    brought = ", ".join(f"{package} by {module}" for package, module in present["brought"].items())
    print(f"with both installed, the same modules bring in: {brought or 'neither'}")
    print(f"importing Hamilton: {hamilton['modules']} modules, {hamilton['process_s']:.2f} s of a process")
    for lock, pin in hamilton["pins"].items():
        print(f"{lock}: apache-hamilton=={pin['version']}, {pin['hashes']} hash(es)")
