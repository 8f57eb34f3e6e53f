// What share of the traffic and of the calibration set each value of a dimension has.
import * as Plot from "@observablehq/plot";
import type { Drawing } from "../draw";
import { accent, card, labelRoom, percent, second, shortened, soft, style, tip } from "../look";

interface Share {
  value: string;
  traffic: number; // 0…1
  set: number;
}

const sentence = (one: Share) => `${one.value}: ${percent(one.traffic)} of the traffic, ${percent(one.set)} of the set`;

export function coverage(data: { dimension: string; rows: Share[] }, width: number): Drawing {
  const rows = [...data.rows].sort((a, b) => b.traffic - a.traffic);
  const room = labelRoom(rows.map((one) => one.value), width);
  const plot = Plot.plot({
    width,
    height: 66 + 22 * rows.length,
    marginLeft: room,
    marginRight: 20,
    marginBottom: 40,
    style,
    x: { label: "share →", grid: true, tickFormat: percent, domain: [0, Math.max(0.05, ...rows.map((one) => Math.max(one.traffic, one.set)))], nice: true },
    y: { label: null, domain: rows.map((one) => one.value), tickFormat: (value: string) => shortened(value, room) },
    symbol: { legend: true, domain: ["traffic", "calibration set"], range: ["circle", "diamond"] },
    color: { domain: ["traffic", "calibration set"], range: [accent, second] },
    marks: [
      Plot.ruleY(rows, { y: "value", x1: "traffic", x2: "set", stroke: soft, strokeWidth: 2 }),
      Plot.dot(rows, { y: "value", x: "set", symbol: () => "calibration set", stroke: second, strokeWidth: 2, fill: card, r: 5.5 }),
      Plot.dot(rows, { y: "value", x: "traffic", symbol: () => "traffic", fill: accent, stroke: accent, r: 4.5 }),
      Plot.tip(rows, Plot.pointerY({ y: "value", x: "traffic", title: sentence, ...tip })),
    ],
  });
  return { plot, sentences: rows.map(sentence) };
}
