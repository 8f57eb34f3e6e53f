// Draws the plots of a report. The page stands without this: every plot has its numbers in a table beside it, and the
// empty figures are shown only where a script runs (report.css).
import "../shared/theme.css";
import "./report.css";
import { draw } from "./draw";
import { openForPrint } from "./print";

document.documentElement.classList.add("drawn");
document.querySelectorAll<HTMLElement>("figure.chart").forEach(draw);
openForPrint();
