// Reads a plot mark by mark with the arrow keys, for those who use no pointer: the figure takes the focus, and a line
// below it, which screen readers announce, says the mark at hand.
export function addReader(figure: HTMLElement, sentences: string[]): void {
  const place = figure.querySelector<HTMLElement>(".plot");
  const line = figure.querySelector<HTMLElement>(".reading");
  if (!place || !line || sentences.length === 0) return;
  let at = -1;
  const show = (next: number) => {
    at = (next + sentences.length) % sentences.length;
    line.textContent = `${at + 1} of ${sentences.length}: ${sentences[at]}`;
  };
  place.tabIndex = 0;
  place.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step === undefined && event.key !== "Home" && event.key !== "End") return;
    event.preventDefault();
    if (event.key === "Home") show(0);
    else if (event.key === "End") show(sentences.length - 1);
    else show(at < 0 && step! < 0 ? sentences.length - 1 : at + step!);
  };
  place.onblur = () => {
    at = -1;
    line.textContent = "";
  };
  place.onfocus = () => (line.textContent = "Arrow keys read the marks one by one.");
}
