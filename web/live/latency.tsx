import { Chart } from "./chart";
import { count, milliseconds, percent } from "./format";
import { marksOf } from "./evidence";
import { armNames, type LatencyTest, type Shown } from "./model";

function Interval({ test }: { test: LatencyTest }) {
  if (!test.enough || test.ratio == null || test.ratio_low == null || test.ratio_high == null)
    return (
      <p>
        Too few users to tell: {count(test.candidate_units)} of the candidate. <span class="muted">Tolerated: {test.margin_ratio.toFixed(2)} times the original's.</span>
      </p>
    );
  const verdict = test.harm ? "slower than tolerated" : test.safe ? "shown to be tolerable" : "undecided";
  return (
    <p>
      Candidate over original <b>{test.ratio.toFixed(3)}</b> [{test.ratio_low.toFixed(3)}, {test.ratio_high.toFixed(3)}] of {count(test.units)} users;{" "}
      {test.margin_ratio.toFixed(2)} is tolerated: <b class={test.harm ? "bad" : test.safe ? "good" : ""}>{verdict}</b>
    </p>
  );
}

function Panel({ now, of, title }: { now: Shown; of: "first_token" | "per_token"; title: string }) {
  const history = now.live.history;
  const column = history[`${of}_ms`];
  const values = armNames.flatMap((arm) => column[arm].filter((value): value is number => value != null));
  const high = Math.max(1e-3, ...values) * 1.15;
  const unit = 10 ** Math.floor(Math.log10(high));
  const step = [0.2, 0.5, 1, 2].map((factor) => factor * unit).find((size) => high / size <= 5) ?? unit;
  const ticks: number[] = [];
  for (let tick = 0; tick <= high; tick += step) ticks.push(tick);
  return (
    <div>
      <h3>{title}, ms</h3>
      <Interval test={now.evidence.latency[of]} />
      {values.length > 0 && (
        <Chart
          title={`${title}, median of the latest requests of each arm over time`}
          summary={armNames
            .map((arm) => {
              const times = now.live.times[arm][`${of}_ms`];
              return times ? `${arm} now ${milliseconds(times.p50)}` : `${arm} has none`;
            })
            .join(", ")}
          times={history.time_ms}
          series={armNames.map((arm) => ({ name: arm, colour: `--${arm}`, values: column[arm] }))}
          domain={[0, high]}
          ticks={ticks}
          label={(value) => String(Number(value.toPrecision(3)))}
          read={milliseconds}
          marks={marksOf(now.audit, now.state.experiment)}
          height={170}
        />
      )}
    </div>
  );
}

export function Latency({ now }: { now: Shown }) {
  return (
    <section class="card wide" aria-labelledby="latency-title">
      <h2 id="latency-title">Latency</h2>
      <div class="pair">
        <Panel now={now} of="first_token" title="Time to first token" />
        <Panel now={now} of="per_token" title="Time per token" />
      </div>
      <p class="footnote">
        Measured at the gateway. Charts: medians of the latest 500 good answers of each arm. Ratios: first value of each user, intervals that hold at every look, together with the guardrails at {percent(now.evidence.alpha * 1e6)}.
      </p>
    </section>
  );
}
