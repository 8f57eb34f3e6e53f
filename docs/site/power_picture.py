"""Draws docs/pages/explanation/power.svg from the table of docs/measurements/gate-simulation.md: how often three rules pass
a candidate at the margin, and how often the gate passes one that loses nothing, by the number of items.

  power_picture.py gate-simulation.md >power.svg
"""

import re
import sys

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 360, 56, 470, 16, 310
DISCORDANCE = "10 %"
LINES = ((2, "#b3261e", "6 4", "“not significantly worse”,", "truly at the margin"), (0, "#0b5cad", "", "the gate,", "truly at the margin"),
         (3, "#1b7a3d", "", "the gate,", "nothing lost in truth"))

rows = {}
for line in open(sys.argv[1], encoding="utf-8"):
    cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
    if len(cells) == 6 and re.fullmatch(r"\d+", cells[0]) and cells[1] == DISCORDANCE:
        rows[int(cells[0])] = [float(cell.split()[0]) for cell in cells[2:]]
if len(rows) < 5:
    sys.exit("the table of the simulation is not where it was")
sizes = sorted(rows)
x = lambda size: LEFT + (RIGHT - LEFT) * sizes.index(size) / (len(sizes) - 1)
y = lambda percent: BOTTOM - (BOTTOM - TOP) * percent / 100
out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13" role="img">',
       '<title>How often a rule passes, by the number of items</title>', f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>']
for percent in range(0, 101, 20):
    out.append(f'<path d="M{LEFT} {y(percent)}H{RIGHT}" stroke="#ddd"/><text x="{LEFT - 8}" y="{y(percent) + 4}" text-anchor="end" fill="#555">{percent} %</text>')
out.append(f'<path d="M{LEFT} {y(5)}H{RIGHT}" stroke="#555" stroke-dasharray="2 3"/><text x="{LEFT + 6}" y="{y(5) - 5}" fill="#555">alpha, 5 %</text>')
for size in sizes:
    out.append(f'<text x="{x(size)}" y="{BOTTOM + 20}" text-anchor="middle" fill="#555">{size}</text>')
out.append(f'<text x="{(LEFT + RIGHT) / 2}" y="{BOTTOM + 42}" text-anchor="middle" fill="#555">items, a tenth of which the models answer differently; margin 3 points</text>')
for column, colour, dashes, first, second in LINES:
    values = [rows[size][column] for size in sizes]
    points = " ".join(f"{x(size):.1f},{y(value):.1f}" for size, value in zip(sizes, values))
    out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.5" stroke-dasharray="{dashes}"/>')
    out += [f'<circle cx="{x(size):.1f}" cy="{y(value):.1f}" r="3.5" fill="{colour}"/>' for size, value in zip(sizes, values)]
    at = y(values[-1]) + {2: -26, 0: 8, 3: -6}[column]
    out.append(f'<text x="{RIGHT + 12}" y="{at}" fill="{colour}">{first}</text><text x="{RIGHT + 12}" y="{at + 16}" fill="{colour}">{second}</text>')
print("\n".join(out) + "\n</svg>")
