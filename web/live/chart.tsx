// Lines over time, as SVG: steps between values, an optional limit, marks where somebody or something intervened.
import { scaleLinear, scaleTime } from "d3-scale";
import { curveLinear, curveStepAfter, line } from "d3-shape";
import { useEffect, useRef, useState } from "preact/hooks";
import { moment, timeOfDay } from "./format";

export interface Series {
  name: string;
  colour: string; // a CSS variable's name
  values: (number | null)[];
  dashed?: boolean;
}

export interface Mark {
  time_ms: number;
  text: string;
  alarm?: boolean;
}

interface Props {
  title: string; // what a screen reader says first
  summary: string; // and then
  times: number[];
  series: Series[];
  domain: [number, number];
  ticks: number[];
  label: (value: number) => string; // of a tick
  read: (value: number) => string; // of a value, with its unit
  limit?: { value: number; text: string; tone: "harm" | "safe" };
  marks: Mark[];
  height: number;
  steps?: boolean;
}

// The width that the layout gives, followed as it changes.
function useWidth(): [preact.RefObject<HTMLDivElement>, number] {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(640);
  useEffect(() => {
    if (!box.current) return;
    const observer = new ResizeObserver((entries) => {
      const given = entries[0]?.contentRect.width;
      if (given) setWidth(Math.round(given));
    });
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  return [box, width];
}

// Moves labels apart that would overlap, keeping their order.
function spread(positions: number[], gap: number, low: number, high: number): number[] {
  const order = positions.map((_, index) => index).sort((a, b) => positions[a]! - positions[b]!);
  const placed = [...positions];
  let floor = low;
  for (const index of order) floor = (placed[index] = Math.max(placed[index]!, floor)) + gap;
  let ceiling = high;
  for (const index of order.reverse()) ceiling = (placed[index] = Math.min(placed[index]!, ceiling)) - gap;
  return placed;
}

// Which marks have room for their text: alarms first, then the newest.
function readable(positions: number[], marks: Mark[]): Set<number> {
  const order = marks.map((_, index) => index).sort((a, b) => Number(marks[b]!.alarm ?? false) - Number(marks[a]!.alarm ?? false) || positions[b]! - positions[a]!);
  const chosen = new Set<number>();
  for (const index of order)
    if ([...chosen].every((other) => Math.abs(positions[other]! - positions[index]!) > 84)) chosen.add(index);
  return chosen;
}

function lastOf(values: (number | null)[]): number | null {
  for (let index = values.length - 1; index >= 0; --index) if (values[index] != null) return values[index]!;
  return null;
}

export function Chart(props: Props) {
  const [box, width] = useWidth();
  const [at, setAt] = useState<number | null>(null);
  const { times, series, height } = props;
  const named = width >= 560; // room for names at the lines' ends
  const margin = { top: 22, right: named ? 150 : 14, bottom: 24, left: 46 };
  const first = times[0] ?? 0;
  const last = Math.max(times[times.length - 1] ?? 0, first + 1000);
  const x = scaleTime([first, last], [margin.left, width - margin.right]);
  const y = scaleLinear(props.domain, [height - margin.bottom, margin.top]).clamp(true);
  const path = line<number | null>()
    .defined((value) => value != null)
    .x((_, index) => x(times[index]!))
    .y((value) => y(value!))
    .curve(props.steps ? curveStepAfter : curveLinear);
  const timeTicks = x.ticks(Math.max(2, Math.floor((width - margin.left - margin.right) / 110)));
  const ends = series.map((one) => lastOf(one.values));
  const labels = spread(
    ends.map((value) => (value == null ? height : y(value))),
    14,
    margin.top + 4,
    height - margin.bottom - 2,
  );
  const marks = props.marks.filter((mark) => mark.time_ms >= first && mark.time_ms <= last);
  const texts = readable(marks.map((mark) => x(mark.time_ms)), marks);
  const column = at == null ? times.length - 1 : at;

  function point(event: PointerEvent) {
    const bounds = (event.currentTarget as Element).getBoundingClientRect();
    const wanted = x.invert(event.clientX - bounds.left).getTime();
    let nearest = 0;
    for (let index = 1; index < times.length; ++index)
      if (Math.abs(times[index]! - wanted) < Math.abs(times[nearest]! - wanted)) nearest = index;
    setAt(nearest);
  }

  return (
    <div class="chart" ref={box}>
      <svg
        width={width}
        height={height}
        role="img"
        aria-label={`${props.title}. ${props.summary}`}
        onPointerMove={point}
        onPointerLeave={() => setAt(null)}
      >
        {props.ticks.map((tick) => (
          <g key={tick}>
            <line class="grid" x1={margin.left} x2={width - margin.right} y1={y(tick)} y2={y(tick)} />
            <text class="tick" x={margin.left - 6} y={y(tick)} dy="0.35em" text-anchor="end">
              {props.label(tick)}
            </text>
          </g>
        ))}
        {timeTicks.map((tick) => (
          <text key={tick.getTime()} class="tick" x={x(tick)} y={height - 6} text-anchor="middle">
            {timeOfDay(tick.getTime())}
          </text>
        ))}
        {marks.map((mark, index) => (
          <g key={index} class={mark.alarm ? "mark alarm" : "mark"}>
            <line x1={x(mark.time_ms)} x2={x(mark.time_ms)} y1={margin.top} y2={height - margin.bottom} />
            {texts.has(index) && (
              <text
                x={x(mark.time_ms)}
                y={margin.top - 8}
                text-anchor={x(mark.time_ms) > width - margin.right - 60 ? "end" : x(mark.time_ms) < margin.left + 50 ? "start" : "middle"}
              >
                {mark.text}
              </text>
            )}
          </g>
        ))}
        {props.limit && (
          <g class={`limit ${props.limit.tone}`}>
            <line x1={margin.left} x2={width - margin.right} y1={y(props.limit.value)} y2={y(props.limit.value)} />
            <text x={margin.left + 6} y={y(props.limit.value) - 5}>
              {props.limit.text}
            </text>
          </g>
        )}
        {series.map((one) => (
          <path
            key={one.name}
            class="series"
            d={path(one.values) ?? ""}
            style={{ stroke: `var(${one.colour})`, strokeDasharray: one.dashed ? "5 3" : "none" }}
          />
        ))}
        {series.map((one, index) => {
          const value = ends[index];
          if (value == null) return null;
          return (
            <g key={one.name}>
              <circle cx={x(last)} cy={y(value)} r="3" style={{ fill: `var(${one.colour})` }} />
              {named && (
                <text class="end" x={x(last) + 8} y={labels[index]} dy="0.35em" style={{ fill: `var(${one.colour})` }}>
                  {one.name}
                </text>
              )}
            </g>
          );
        })}
        {at != null && <line class="crosshair" x1={x(times[at]!)} x2={x(times[at]!)} y1={margin.top} y2={height - margin.bottom} />}
      </svg>
      <p class="reading" aria-hidden="true">
        <span>{times.length ? moment(times[column]!, last) : ""}</span>
        {series.map((one) => (
          <span key={one.name}>
            <i style={{ background: `var(${one.colour})` }} /> {one.name}{" "}
            <b>{one.values[column] == null ? "–" : props.read(one.values[column]!)}</b>
          </span>
        ))}
      </p>
    </div>
  );
}
