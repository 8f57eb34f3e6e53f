#include "report/style.h"

namespace scale::report {

std::string_view style_sheet() {
    return R"css(
:root { --ink: #1c2126; --soft: #5a6570; --paper: #fdfdfb; --card: #fff; --rule: #d9dee2; --accent: #0b5cad; --good: #1b7a3d;
  --bad: #b3261e; --warn: #8a5a00; --fill: #9cc3e6; --fill2: #e0b872; --zone: #b3261e14; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ec; --soft: #a3adb7; --paper: #14181c; --card: #1b2126; --rule: #37414a; --accent: #7db8f0; --good: #6fcf8f;
    --bad: #ff8a80; --warn: #e9b44c; --fill: #2f6ea5; --fill2: #8a6420; --zone: #ff8a8022; } }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body { margin: 0 auto; max-width: 60rem; padding: 1rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.05rem; letter-spacing: .06em; text-transform: uppercase; color: var(--soft); margin: 1rem 0 .25rem; }
h2 { font-size: 1.4rem; margin: 0; } h2 b { display: inline-block; min-width: 1.6em; color: var(--accent); }
h3 { font-size: 1.05rem; margin: 1.8rem 0 .4rem; }
.lead { font-size: 1.35rem; line-height: 1.4; margin: .2rem 0 1rem; }
.question { color: var(--soft); margin: .1rem 0 1rem; }
section { border-top: 2px solid var(--rule); padding-top: 1.4rem; margin-top: 2.4rem; }
.heading { display: flex; gap: 1rem; align-items: baseline; justify-content: space-between; flex-wrap: wrap; }
nav ol { list-style: none; display: flex; flex-wrap: wrap; gap: .35rem 1.1rem; padding: .6rem 0; margin: 1rem 0 0;
  border-top: 1px solid var(--rule); border-bottom: 1px solid var(--rule); font-size: .92rem; }
a { color: var(--accent); } a:focus-visible, summary:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.skip { position: absolute; left: -999rem; } .skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .4rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); gap: .8rem; margin: 1rem 0; padding: 0; }
.tiles div { background: var(--card); border: 1px solid var(--rule); border-radius: .4rem; padding: .7rem .9rem; }
.tiles dt { color: var(--soft); font-size: .82rem; } .tiles dd { margin: 0; font-size: 1.15rem; font-variant-numeric: tabular-nums; }
.tiles dd small { display: block; font-size: .8rem; color: var(--soft); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .84rem; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
caption { text-align: left; color: var(--soft); padding: .3rem 0; }
th, td { text-align: left; vertical-align: top; padding: .32rem .7rem .32rem 0; border-bottom: 1px solid var(--rule); }
th { font-weight: 600; color: var(--soft); } td.number, th.number { text-align: right; white-space: nowrap; }
tr.chosen td { font-weight: 600; } td.long { min-width: 9rem; overflow-wrap: anywhere; }
code, pre { font: .86rem/1.45 ui-monospace, "DejaVu Sans Mono", Menlo, monospace; }
pre { background: var(--card); border: 1px solid var(--rule); border-radius: .4rem; padding: .7rem .9rem; white-space: pre-wrap; margin: .4rem 0; }
details { margin: .9rem 0; } summary { cursor: pointer; color: var(--accent); }
.state, .tag { font-size: .8rem; padding: .08rem .5rem; border-radius: 1rem; border: 1px solid currentColor; white-space: nowrap; font-weight: 500; }
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); } .plain { color: var(--soft); }
.tag.estimated { border-style: dashed; color: var(--warn); } .tag.measured { color: var(--good); }
.note { border-left: 4px solid var(--warn); padding: .3rem .9rem; margin: 1rem 0; background: var(--card); }
.open { border-left: 4px dashed var(--rule); padding: .3rem .9rem; color: var(--soft); }
ul.boxes { list-style: none; padding: 0; } ul.boxes li { margin: .35rem 0; padding-left: 1.7rem; text-indent: -1.7rem; }
ul.boxes small { display: block; text-indent: 0; color: var(--soft); }
ol.timeline { list-style: none; padding: 0 0 0 1.1rem; border-left: 3px solid var(--rule); }
ol.timeline li { margin: .8rem 0; } ol.timeline time { color: var(--soft); font-size: .85rem; display: block; }
figure { margin: 1.2rem 0; } figure svg { display: block; width: 100%; height: auto; background: var(--card);
  border: 1px solid var(--rule); border-radius: .4rem; }
figcaption { color: var(--soft); font-size: .85rem; margin-top: .3rem; }
svg text { fill: var(--ink); font: 12px system-ui, "Segoe UI", Roboto, sans-serif; }
svg .tick, svg .axis-label { fill: var(--soft); font-size: 11px; } svg .strong { font-weight: 700; } svg .figure { font-size: 11.5px; }
svg .grid { stroke: var(--rule); stroke-width: 1; } svg .axis { stroke: var(--soft); }
svg .bar-line { stroke: var(--bad); stroke-width: 1.5; } svg .beyond { fill: var(--zone); }
svg .whisker { stroke: var(--ink); stroke-width: 1.5; } svg .leader { stroke: var(--soft); stroke-width: .7; } svg .dashed { stroke-dasharray: 3 3; }
svg .mark.measured { fill: var(--accent); stroke: var(--accent); }
svg .mark.estimated { fill: var(--card); stroke: var(--warn); stroke-width: 1.6; }
svg .ring { fill: none; stroke: var(--accent); stroke-width: 2; }
svg .bar { fill: var(--fill); stroke: var(--soft); stroke-width: .6; } svg .bar.chosen { fill: var(--accent); }
svg .bar.second { fill: var(--fill2); }
svg .series { fill: none; stroke-width: 1.4; stroke: var(--accent); }
svg .s1 { stroke: #c2570c; } svg .s2 { stroke: #2e8b57; } svg .s3 { stroke: #a0409a; } svg .s4 { stroke: #8a7000; }
svg .s5 { stroke: #c03552; } svg .s6 { stroke: #3f7f93; } svg .s7 { stroke: #7a6a5a; }
footer { margin-top: 3rem; color: var(--soft); font-size: .85rem; border-top: 1px solid var(--rule); }
@media print {
  :root { --ink: #000; --soft: #444; --paper: #fff; --card: #fff; --rule: #bbb; --accent: #0b4f91; --good: #145c2e; --bad: #8f1f18;
    --warn: #6b4600; --fill: #b9d2e8; --fill2: #e6cfa0; --zone: #b3261e14; }
  body { max-width: none; font-size: 10pt; padding: 0; } nav, .skip { display: none; }
  section { break-before: auto; } figure, tr, .tiles { break-inside: avoid; } h2, h3 { break-after: avoid; }
  .scroll { overflow: visible; } a { color: inherit; text-decoration: none; } }
)css";
}

}  // namespace scale::report
