// Evidence of harm over the events of a rollout, in shares of what rolls back, and the share of users above it.
import * as Plot from "@observablehq/plot";
import type { Drawing } from "../draw";
import { accent, bad, ink, number, percent, second, soft, style, tip } from "../look";

interface Moment {
  entry: number;
  event: string; // kind of the entry
  share: number | null; // of the users on the candidate, 0…1
}
interface Value {
  entry: number;
  event: string;
  guardrail: string;
  harm: number; // log e-value over log threshold; 1 rolls back
  e: number;
}

const valueSentence = (one: Value) => `entry ${one.entry}, ${one.event}: ${one.guardrail} at ${percent(one.harm)} of what rolls back, e-value ${number(one.e)}`;
const shareSentence = (one: Moment) => `entry ${one.entry}, ${one.event}: ${percent(one.share ?? 0)} of the users on the candidate`;

export function evidence(data: { moments: Moment[]; values: Value[] }, width: number): Drawing {
  const moments = data.moments;
  const wide = (width - 186) / moments.length > 84;
  const label = (entry: number) => !wide ? `${entry}` : `${moments.find((one) => one.entry === entry)?.event.replace(/_/g, " ") ?? ""}\n(entry ${entry})`;
  const shares = moments.filter((one): one is Moment & { share: number } => one.share !== null);
  const highest = Math.max(1.15, ...data.values.map((one) => one.harm));
  const last = Math.max(...data.values.map((one) => one.entry));
  const plot = Plot.plot({
    width,
    height: 320,
    marginLeft: 56,
    marginRight: 130,
    marginTop: 28,
    marginBottom: 56,
    style,
    x: { type: "point", domain: moments.map((one) => one.entry), label: wide ? null : "entry →", tickFormat: label },
    y: { label: "↑ share: of what rolls back, and of the users", grid: true, tickFormat: percent, domain: [0, highest] },
    marks: [
      Plot.ruleY([1], { stroke: bad, strokeWidth: 1.5 }),
      Plot.text([1], { y: (one: number) => one, text: () => "rolls back", frameAnchor: "left", dx: 4, dy: -8, textAnchor: "start", fill: bad }),
      Plot.lineY(shares, { x: "entry", y: "share", stroke: accent, strokeWidth: 2, strokeDasharray: "5 4", curve: "step-after" }),
      Plot.text(shares.slice(-1), { x: "entry", y: "share", text: () => "users on the candidate", dx: 8, dy: -8, textAnchor: "start", fill: accent }),
      Plot.lineY(data.values, { x: "entry", y: "harm", z: "guardrail", stroke: second, strokeWidth: 2 }),
      Plot.dot(data.values, { x: "entry", y: "harm", r: 5, fill: (one: Value) => (one.harm >= 1 ? bad : second) }),
      Plot.text(data.values.filter((one) => one.entry === last && (one.harm > 0.03)), { x: "entry", y: "harm", text: "guardrail", dx: 10, textAnchor: "start", fill: ink }),
      Plot.tip(data.values, Plot.pointer({ x: "entry", y: "harm", title: valueSentence, ...tip })),
      Plot.ruleY([0], { stroke: soft }),
    ],
  });
  return { plot, sentences: [...shares.map(shareSentence), ...data.values.map(valueSentence)] };
}
