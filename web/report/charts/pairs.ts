// Items that only one of the two models gets right: lost to the left, won to the right.
import * as Plot from "@observablehq/plot";
import type { Drawing } from "../draw";
import { bad, good, ink, labelRoom, shortened, soft, style, tip } from "../look";

interface Pair {
  name: string;
  lost: number;
  won: number;
  n: number;
}

const sentence = (one: Pair) => `${one.name}: ${one.lost} lost, ${one.won} won, ${one.n - one.lost - one.won} alike, of ${one.n}`;

export function pairs(data: { rows: Pair[] }, width: number): Drawing {
  const rows = data.rows;
  const room = labelRoom(rows.map((one) => one.name), width);
  const most = Math.max(1, ...rows.map((one) => Math.max(one.lost, one.won)));
  const plot = Plot.plot({
    width,
    height: 70 + 26 * rows.length,
    marginLeft: room,
    marginRight: 40,
    marginBottom: 40,
    style,
    x: { label: "← items lost · items won →", labelAnchor: "center", grid: true, domain: [-most * 1.15, most * 1.15], tickFormat: (value: number) => (Number.isInteger(value) ? String(Math.abs(value)) : "") },
    y: { label: null, domain: rows.map((one) => one.name), tickFormat: (name: string) => shortened(name, room) },
    marks: [
      Plot.barX(rows, { y: "name", x1: (one: Pair) => -one.lost, x2: 0, fill: bad, inset: 4 }),
      Plot.barX(rows, { y: "name", x1: 0, x2: "won", fill: good, inset: 4 }),
      Plot.ruleX([0], { stroke: soft }),
      Plot.text(rows, { y: "name", x: (one: Pair) => -one.lost, dx: -6, textAnchor: "end", text: (one: Pair) => String(one.lost), fill: ink }),
      Plot.text(rows, { y: "name", x: "won", dx: 6, textAnchor: "start", text: (one: Pair) => String(one.won), fill: ink }),
      Plot.tip(rows, Plot.pointerY({ y: "name", x: () => 0, title: sentence, ...tip })),
    ],
  });
  return { plot, sentences: rows.map(sentence) };
}
