// What all plots share. Colours are the page's own variables, so dark mode and print follow without drawing again.
import * as Plot from "@observablehq/plot";

export const ink = "var(--text)";
export const soft = "var(--muted)";
export const accent = "var(--original)";
export const second = "var(--candidate)";
export const bad = "var(--harm)";
export const good = "var(--safe)";
export const warn = "var(--warn)";
export const grid = "var(--grid)";
export const card = "var(--card)";

export const style: Plot.PlotOptions["style"] = { background: "transparent", color: "var(--text)", fontSize: "12px", overflow: "visible" };

// Room for row labels at the left: as long as the longest, within a third of the width.
export function labelRoom(labels: string[], width: number): number {
  const longest = Math.max(0, ...labels.map((label) => label.length));
  return Math.min(24 + 6.6 * longest, width / 2.6);
}

// A label that fits in `room` pixels.
export function shortened(label: string, room: number): string {
  const characters = Math.max(6, Math.round((room - 24) / 6.6));
  return label.length <= characters ? label : `${label.slice(0, characters - 1)}…`;
}

// A pointer's box: the same words as the keyboard's reader has.
export const tip = { fill: card, stroke: "var(--line)", fontSize: 12, textPadding: 8, lineWidth: 34 } as const;

export function number(value: number, digits = 3): string {
  if (value === 0) return "0";
  return Math.abs(value) >= 1e-4 && Math.abs(value) < 1e6 ? String(Number(value.toPrecision(digits))) : value.toExponential(1);
}

export function percent(value: number): string {
  return `${(100 * value).toFixed(value < 0.1 ? 1 : 0)} %`;
}
