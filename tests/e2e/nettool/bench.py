"""nettool bench --json --quick: every figure is there and is a ratio of its group's first."""
import json
import subprocess

done = subprocess.run(["nettool", "bench", "--json", "--quick"], stdout=subprocess.PIPE, text=True, check=True)
figures = json.loads(done.stdout)["figures"]
first = {}
for figure in figures:
    base = first.setdefault(figure["group"], figure["value"])
    assert figure["value"] > 0 and abs(figure["ratio"] - figure["value"] / base) < 0.01 * max(1, figure["ratio"]), figure
print(", ".join(figure["name"] for figure in figures))
chart = subprocess.run(["nettool", "bench", "--quick"], stdout=subprocess.PIPE, text=True, check=True).stdout
print(sum("#" in line and line.endswith("x") for line in chart.splitlines()), "bars")
