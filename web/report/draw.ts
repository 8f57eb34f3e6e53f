// One figure: its data block, the drawing for its kind, and a reader for the keyboard.
import { candidates } from "./charts/candidates";
import { coverage } from "./charts/coverage";
import { evidence } from "./charts/evidence";
import { gate } from "./charts/gate";
import { layers } from "./charts/layers";
import { pairs } from "./charts/pairs";
import { speeds } from "./charts/speeds";
import { addReader } from "./reader";

// What a drawing gives back: the plot, and a sentence for every mark, in reading order.
export interface Drawing {
  plot: Element;
  sentences: string[];
}
type Draw = (data: never, width: number) => Drawing;

const kinds: Record<string, Draw> = { candidates, coverage, evidence, gate, layers, pairs, speeds };

export function draw(figure: HTMLElement): void {
  const block = figure.querySelector('script[type="application/json"]');
  const kind = kinds[figure.dataset.kind ?? ""];
  const place = figure.querySelector<HTMLElement>(".plot");
  if (!block || !kind || !place) return;
  const data = JSON.parse(block.textContent ?? "null") as never;
  let width = 0;
  const redraw = () => {
    // Whole steps, so that a scroll bar that comes and goes does not draw for ever.
    const given = Math.max(300, Math.floor(place.clientWidth / 20) * 20);
    if (given === width) return;
    width = given;
    const { plot, sentences } = kind(data, width);
    // A legend comes first, as a picture of its own whose words the plot's name has.
    const pictures = plot.matches("svg") ? [plot] : [...plot.querySelectorAll("svg")];
    const svg = pictures.pop();
    pictures.forEach((legend) => legend.setAttribute("aria-hidden", "true"));
    // A picture has one name; those that the library gives its groups may not stand inside.
    svg?.querySelectorAll("[aria-label]").forEach((group) => group.removeAttribute("aria-label"));
    svg?.setAttribute("role", "img");
    svg?.setAttribute("aria-label", figure.dataset.summary ?? "");
    place.replaceChildren(plot);
    addReader(figure, sentences);
  };
  new ResizeObserver(redraw).observe(place);
  redraw();
}
