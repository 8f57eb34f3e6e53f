// Speed of the candidates that were tried, against the original in the same rounds.
import * as Plot from "@observablehq/plot";
import type { Drawing } from "../draw";
import { accent, bad, ink, labelRoom, style, tip } from "../look";

interface Speed {
  name: string;
  speedup: number; // median over the rounds
  low: number;
  high: number;
  chosen: boolean;
}

const sentence = (one: Speed) =>
  `${one.name}: ${one.speedup.toFixed(2)} times the original's speed (${one.low.toFixed(2)}–${one.high.toFixed(2)}), measured${one.chosen ? ", chosen" : ""}`;

export function speeds(data: { rows: Speed[] }, width: number): Drawing {
  const rows = [...data.rows].sort((a, b) => b.speedup - a.speedup);
  const names = rows.map((one) => one.name);
  const plot = Plot.plot({
    width,
    height: 62 + 28 * rows.length,
    marginLeft: labelRoom(names, width),
    marginRight: 90,
    marginBottom: 40,
    style,
    x: { label: "times the original's speed →", grid: true, domain: [Math.min(0.8, ...rows.map((one) => one.low)), Math.max(1.2, ...rows.map((one) => one.high))], nice: true },
    y: { label: null, domain: names },
    marks: [
      Plot.ruleX([1], { stroke: bad, strokeWidth: 1.5 }),
      Plot.text([1], { x: (one: number) => one, text: () => "original", frameAnchor: "top", dy: -12, fill: bad }),
      Plot.dot(rows.filter((one) => one.chosen), { y: "name", x: "speedup", r: 10, stroke: accent, strokeWidth: 2 }),
      Plot.ruleY(rows, { y: "name", x1: "low", x2: "high", stroke: ink, strokeWidth: 2 }),
      Plot.dot(rows, { y: "name", x: "speedup", r: 5, fill: (one: Speed) => (one.speedup < 1 ? bad : accent) }),
      Plot.text(rows, { y: "name", x: "high", dx: 8, textAnchor: "start", text: (one: Speed) => `${one.speedup.toFixed(2)}×${one.chosen ? " chosen" : ""}`, fill: ink }),
      Plot.tip(rows, Plot.pointerY({ y: "name", x: "speedup", title: sentence, ...tip })),
    ],
  });
  return { plot, sentences: rows.map(sentence) };
}
