// Every quantised matrix of the model: layer by part, its type written in the cell, the darker the further from its
// original.
import * as Plot from "@observablehq/plot";
import type { Drawing } from "../draw";
import { accent, ink, labelRoom, number, style, tip } from "../look";

interface Matrix {
  layer: number;
  part: string;
  type: string;
  error: number; // ‖W − Ŵ‖ / ‖W‖
}

const sentence = (one: Matrix) => `layer ${one.layer}, ${one.part}: ${one.type}, relative error ${number(one.error)}, measured`;

export function layers(data: { rows: Matrix[] }, width: number): Drawing {
  const rows = data.rows;
  const parts = [...new Set(rows.map((one) => one.part))];
  const count = 1 + Math.max(0, ...rows.map((one) => one.layer));
  const room = labelRoom(parts, width);
  const cell = (width - room - 20) / count;
  const types = new Set(rows.map((one) => one.type));
  // Types are written where they fit; with one type only there is nothing to tell apart.
  const written = types.size > 1 && cell >= 30;
  const errors = rows.map((one) => one.error);
  const darkest = Math.max(...errors);
  const lightest = 0.8 * Math.min(...errors);
  const plot = Plot.plot({
    width,
    height: 60 + 26 * parts.length,
    marginLeft: room,
    marginRight: 20,
    marginBottom: 38,
    padding: 0.06,
    style,
    x: { label: "layer →", domain: [...Array(count).keys()], tickFormat: (layer: number) => (count <= 24 || layer % 5 === 0 ? String(layer) : ""), tickSize: 0 },
    y: { label: null, domain: parts, tickSize: 0 },
    marks: [
      Plot.cell(rows, { x: "layer", y: "part", fill: accent, fillOpacity: (one: Matrix) => 0.06 + 0.9 * ((one.error - lightest) / (darkest - lightest)), inset: 0.5 }),
      written ? Plot.text(rows, { x: "layer", y: "part", text: (one: Matrix) => one.type.replace("_K", "K"), fontSize: 9, fill: ink, stroke: "var(--card)", strokeWidth: 2.5 }) : null,
      Plot.tip(rows, Plot.pointer({ x: "layer", y: "part", title: sentence, ...tip })),
    ],
  });
  return { plot, sentences: rows.map(sentence) };
}
