// Quality against bytes: every candidate of stage C, and the artefact itself where the gate has measured it.
import * as Plot from "@observablehq/plot";
import type { Drawing } from "../draw";
import { accent, card, ink, number, soft, style, tip, warn } from "../look";

interface Candidate {
  name: string;
  mib: number;
  kl: number; // nats a token
  low: number;
  high: number;
  measured: boolean;
  chosen: boolean;
  reason: string;
}

function sentence(one: Candidate): string {
  const range = one.high > one.low ? ` (${number(one.low, 2)}–${number(one.high, 2)})` : "";
  return `${one.name}: ${number(one.mib, 4)} MiB, KL ${number(one.kl)}${range} ${one.measured ? "measured" : "estimated"}${one.chosen ? ", chosen" : ""}. ${one.reason}`;
}

export function candidates(data: { points: Candidate[] }, width: number): Drawing {
  const points = [...data.points].sort((a, b) => a.mib - b.mib);
  const at = { x: "mib", y: "kl" };
  const plot = Plot.plot({
    width,
    height: Math.min(440, Math.max(300, width * 0.55)),
    marginLeft: 62,
    marginRight: 40,
    marginBottom: 44,
    style,
    x: { label: "file size, MiB →", nice: true, grid: true },
    y: { type: "log", label: "↑ KL divergence from the original, nats a token (log)", grid: true, tickFormat: (value: number) => number(value, 1), ticks: 6 },
    marks: [
      Plot.ruleX(points.filter((one) => one.high > one.low), { x: "mib", y1: "low", y2: "high", stroke: soft, strokeWidth: 1.4, strokeDasharray: "3 3" }),
      Plot.dot(points.filter((one) => one.chosen), { ...at, r: 12, stroke: accent, strokeWidth: 2 }),
      Plot.dot(points.filter((one) => !one.measured), { ...at, symbol: "diamond", r: 6, stroke: warn, strokeWidth: 2, fill: card }),
      Plot.dot(points.filter((one) => one.measured), { ...at, symbol: "circle", r: 6, fill: accent }),
      // The measured one lies near the estimate of its own type: its name goes below.
      ...[
        { shown: points.filter((one) => one.chosen), dy: -20, fontWeight: 700 },
        { shown: points.filter((one) => !one.chosen && !one.measured), dy: -14, fontWeight: 400 },
        { shown: points.filter((one) => !one.chosen && one.measured), dy: 22, fontWeight: 400 },
      ].map(({ shown, ...placed }) => Plot.text(shown, { ...at, ...placed, text: "name", fill: ink, stroke: card, strokeWidth: 4 })),
      Plot.tip(points, Plot.pointer({ ...at, title: sentence, ...tip })),
    ],
  });
  return { plot, sentences: points.map(sentence) };
}
