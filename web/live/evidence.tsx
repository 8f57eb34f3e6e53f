// The sequential tests: how far each guardrail's evidence is from its limit, now and over time.
import { useState } from "preact/hooks";
import { Chart, type Mark, type Series } from "./chart";
import { count, evidence, percent, powerOfTen, words } from "./format";
import type { AuditEntry, Shown, Test } from "./model";

const colours = ["--series-1", "--series-2", "--series-3", "--series-4", "--series-5", "--series-6"];

// A step that leaves the share as it was ended a pause. The newest entry stands first.
export function isResume(audit: AuditEntry[], index: number): boolean {
  return audit[index]?.status === "canary" && audit[index + 1]?.status === "paused";
}

export function marksOf(audit: AuditEntry[], experiment: string): Mark[] {
  const marks: Mark[] = [];
  for (const [index, entry] of audit.entries()) {
    if (entry.experiment !== experiment) continue;
    if (entry.kind === "rolled_back") marks.push({ time_ms: entry.time_ms, text: "rolled back", alarm: true });
    else if (entry.kind === "promoted") marks.push({ time_ms: entry.time_ms, text: "promoted" });
    else if (entry.kind === "rollout_step" && entry.status === "paused") marks.push({ time_ms: entry.time_ms, text: "paused" });
    else if (entry.kind === "rollout_step") marks.push({ time_ms: entry.time_ms, text: isResume(audit, index) ? "resumed" : percent(entry.weight_ppm) });
  }
  return marks;
}

// What a test shows, its boundary included.
function claim(kind: "harm" | "safety", ratio: number): string {
  if (ratio === 1) return `${kind === "harm" ? "more" : "less"} frequent on the candidate than on the original`;
  return `${kind === "harm" ? "more" : "less"} than ${ratio} times as frequent on the candidate as on the original`;
}

function Meter({ test, tone }: { test: Test; tone: "harm" | "safe" }) {
  const part = Math.max(0, Math.min(1, test.log_e / test.log_threshold));
  return (
    <div class={`meter ${tone}`}>
      <div class="bar" aria-hidden="true">
        <div style={{ width: `${100 * part}%` }} />
      </div>
      <span>
        {evidence(test.log_e)} <span class="muted">of {evidence(test.log_threshold)}</span>
        {test.reached && <b> reached</b>}
      </span>
    </div>
  );
}

export function Evidence({ now }: { now: Shown }) {
  const [kind, setKind] = useState<"harm" | "safety">("harm");
  const names = Object.keys(now.evidence.guardrails);
  const history = now.live.history;
  const series: Series[] = names.map((name, index) => ({
    name: words(name),
    colour: colours[index % colours.length]!,
    dashed: index >= colours.length,
    values: (history[kind][name] ?? []).map((value) => (value == null ? null : value / Math.LN10)),
  }));
  const some = now.evidence.guardrails[names[0] ?? ""];
  const limit = (some ? some[kind].log_threshold : 3) / Math.LN10;
  const values = series.flatMap((one) => one.values.filter((value): value is number => value != null));
  // What lies below a thousandth says no more than a thousandth does.
  const low = Math.max(-3, Math.min(-1, Math.floor(Math.min(0, ...values))));
  const high = Math.max(limit + 0.5, ...values);
  const ticks: number[] = [];
  const step = Math.max(1, Math.ceil((high - low) / 6));
  for (let tick = low; tick <= high; tick += step) ticks.push(tick);
  const leading = names.reduce((best, name) => {
    const test = now.evidence.guardrails[name]![kind];
    return best === "" || test.log_e > now.evidence.guardrails[best]![kind].log_e ? name : best;
  }, "");
  const summary = leading
    ? `Farthest: ${words(leading)} at ${evidence(now.evidence.guardrails[leading]![kind].log_e)}, limit ${evidence(now.evidence.guardrails[leading]![kind].log_threshold)}. The table below has all figures.`
    : "No guardrail is watched.";

  return (
    <section class="card wide" aria-labelledby="evidence-title">
      <div class="title-row">
        <h2 id="evidence-title">Evidence</h2>
        <fieldset class="switch">
          <legend class="hidden">Which tests the chart shows</legend>
          {(["harm", "safety"] as const).map((one) => (
            <label key={one}>
              <input type="radio" name="tests" checked={kind === one} onChange={() => setKind(one)} />
              <span>{one === "harm" ? "Harm" : "Safety"}</span>
            </label>
          ))}
        </fieldset>
      </div>
      <p class="muted">
        {kind === "harm"
          ? `E-value of each guardrail: evidence that bad events are ${claim("harm", now.evidence.harm_ratio)}. At the limit the gateway rolls back by itself.`
          : `E-value of each guardrail: evidence that bad events are ${claim("safety", now.evidence.safe_ratio)}. All must reach the limit before the candidate counts as safe.`}
      </p>
      {history.time_ms.length === 0 ? (
        <p class="empty">No request of this rollout has ended yet.</p>
      ) : (
        <Chart
          title={kind === "harm" ? "Evidence of harm over time, logarithmic scale" : "Evidence of safety over time, logarithmic scale"}
          summary={summary}
          times={history.time_ms}
          series={series}
          domain={[low, high]}
          ticks={ticks}
          label={powerOfTen}
          read={(value) => evidence(value * Math.LN10)}
          limit={{
            value: limit,
            text: kind === "harm" ? `limit ${evidence(limit * Math.LN10)}: rolls back` : `limit ${evidence(limit * Math.LN10)}: safe`,
            tone: kind === "harm" ? "harm" : "safe",
          }}
          marks={marksOf(now.audit, now.state.experiment)}
          height={260}
          steps
        />
      )}
      <div class="scroll" tabIndex={0} role="region" aria-label="Guardrails">
        <table class="guardrails">
          <thead>
            <tr>
              <th scope="col">Users with a bad event</th>
              <th scope="col" class="number">
                Original
              </th>
              <th scope="col" class="number">
                Candidate
              </th>
              <th scope="col">Harm, E</th>
              <th scope="col">Safety, E</th>
            </tr>
          </thead>
          <tbody>
            {names.map((name, index) => {
              const figures = now.evidence.guardrails[name]!;
              return (
                <tr key={name}>
                  <th scope="row">
                    <i class="key" style={{ background: `var(${colours[index % colours.length]})` }} /> {words(name)}
                  </th>
                  <td class="number" data-name="original">{count(figures.original_units)}</td>
                  <td class="number" data-name="candidate">{count(figures.candidate_units)}</td>
                  <td data-name="harm, E">
                    <Meter test={figures.harm} tone="harm" />
                  </td>
                  <td data-name="safety, E">
                    <Meter test={figures.safety} tone="safe" />
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      <p class="footnote">
        Measured. First bad event per user; the farthest that each test ever stood. False rollbacks by all tests together: at most{" "}
        {percent(now.evidence.alpha * 1e6)}, however often anyone looks.
      </p>
    </section>
  );
}
