// The gate's comparisons as a forest plot: loss and its upper limit in shares of the declared margin. What reaches
// beyond the line at 1 is not within the budget.
import * as Plot from "@observablehq/plot";
import type { Drawing } from "../draw";
import { bad, card, good, ink, labelRoom, shortened, soft, style, tip, warn } from "../look";

interface Comparison {
  name: string;
  loss: number; // over the margin
  upper: number;
  text: string; // loss, limit and margin in their own units
  result: "PASS" | "FAIL" | "INCONCLUSIVE" | "NO POWER";
}

const beyond = 2.2; // where the axis ends; what reaches further has an arrow
const tone = (one: Comparison) => (one.result === "PASS" ? good : one.result === "FAIL" ? bad : warn);
const sentence = (one: Comparison) => `${one.name}: ${one.result}. ${one.text}`;
const mark = { PASS: "✓", FAIL: "✗", INCONCLUSIVE: "?", "NO POWER": "–" };

export function gate(data: { rows: Comparison[] }, width: number): Drawing {
  const rows = data.rows.map((one) => ({ ...one, shownLoss: Math.max(-0.6, Math.min(one.loss, beyond)), shownUpper: Math.max(-0.6, Math.min(one.upper, beyond)) }));
  const room = labelRoom(rows.map((one) => one.name), width);
  const highest = Math.max(1.25, ...rows.map((one) => one.shownUpper));
  const plot = Plot.plot({
    width,
    height: 74 + 26 * rows.length,
    marginLeft: room,
    marginRight: 112,
    marginTop: 30,
    marginBottom: 40,
    style,
    x: { label: "loss in shares of the declared margin →", grid: true, domain: [Math.min(-0.1, ...rows.map((one) => one.shownLoss)), highest], tickFormat: (value: number) => value.toFixed(value % 1 ? 1 : 0) },
    y: { label: null, domain: rows.map((one) => one.name), tickFormat: (name: string) => shortened(name, room) },
    marks: [
      Plot.rect([0], { x1: 1, x2: highest, fill: bad, fillOpacity: 0.08 }),
      Plot.ruleX([0], { stroke: soft }),
      Plot.ruleX([1], { stroke: bad, strokeWidth: 1.5 }),
      Plot.text([1], { x: (one: number) => one, text: () => "margin", frameAnchor: "top", dy: -14, fill: bad }),
      Plot.ruleY(rows, { y: "name", x1: "shownLoss", x2: "shownUpper", stroke: ink, strokeWidth: 2 }),
      Plot.tickX(rows.filter((one) => one.upper <= beyond), { y: "name", x: "shownUpper", stroke: ink, strokeWidth: 2, inset: 7 }),
      Plot.text(rows.filter((one) => one.upper > beyond), { y: "name", x: "shownUpper", text: () => "▶", dx: 2, fill: ink }),
      Plot.dot(rows, { y: "name", x: "shownLoss", r: 5, fill: tone, stroke: card }),
      Plot.text(rows, { y: "name", frameAnchor: "right", textAnchor: "start", dx: 10, text: (one: Comparison) => `${mark[one.result]} ${one.result}`, fill: tone, fontWeight: 600 }),
      Plot.tip(rows, Plot.pointerY({ y: "name", x: "shownUpper", title: sentence, ...tip })),
    ],
  });
  return { plot, sentences: rows.map(sentence) };
}
