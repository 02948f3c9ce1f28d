"""How figures are shown: one row each, ours beside the limit, and their ratio."""
import statistics


def path(run, *names):
    for name in names:
        run = run[name]
    return run


def shown(value, digits):
    return f"{value:,.{digits}f}"


def heading(text):
    print(f"\n{text}")


def line(name, unit, ours, limits=None, digits=0, what="limit", target=None):
    """One row. The ratio is taken in each run and its median is shown, because both sides met the same disturbance; the
    target is what the project set itself."""
    text = shown(statistics.median(ours), digits)
    if len(ours) > 1:
        text += f" ({shown(min(ours), digits)}–{shown(max(ours), digits)})"
    row = f"  {name:<36} {unit:<6} {text:<30}"
    if limits:
        ratio = statistics.median(a / b for a, b in zip(ours, limits))
        row += f" {shown(statistics.median(limits), digits):>10} {ratio:>7.2f}   {what}"
    elif target:
        row += f" {'':>10} {'':>7}  "
    if target:
        row += f"{';' if limits else ''} target {target}"
    print(row.rstrip())


def columns():
    print(f"\n  {'':<36} {'':<6} {'Ostler':<30} {'limit':>10} {'ratio':>7}")


def disturbances(found):
    """What has to be known before the figures are believed."""
    rushes = list(rushes_in(found))
    waited = max((rush["client_waited"] for rush in rushes), default=0)
    print()
    if waited > 0.05:
        print(f"Other programs were running: the load waited for its core up to {waited:.0%} of the time. Rates are too "
              "low, latencies too high, and their ratios say little; processor times and their ratios hold roughly.")
    for name, runs in found.items():
        busiest = max((rush["client_load"] for rush in rushes_in([run.get("limit") for run in runs])), default=0)
        if busiest > 0.9:
            print(f"{name}: the load itself was busy {busiest:.0%} of the time before the limit, whose rate is a lower "
                  "bound.")


def rushes_in(found):
    """Every measurement of the client, wherever it stands in what was found."""
    if isinstance(found, dict):
        if "client_waited" in found:
            yield found
        found = list(found.values())
    if isinstance(found, list):
        for part in found:
            yield from rushes_in(part)
