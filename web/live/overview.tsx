// What an operator needs first: what is served to whom, whether it is well, what happens next.
import { Chart } from "./chart";
import { count, duration, milliseconds, moment, percent, words } from "./format";
import { armNames, type ArmName, type Quantiles, type Shown } from "./model";

export function statusName(now: Shown): string {
  switch (now.state.status) {
    case "canary":
      return "Slice open";
    case "paused":
      return "Paused";
    case "promoted":
      return "Promoted";
    case "rolled_back":
      return now.state.harm ? "Rolled back: harm" : "Rolled back";
    case "stopped":
      return "Stopped";
    case "draft":
      return "No rollout";
  }
}

export function Verdict({ now }: { now: Shown }) {
  const tone = { harm: "harm", safe: "safe", undecided: "plain", invalid: "warn" }[now.evidence.verdict];
  const heading = {
    harm: "Harm was found",
    safe: "Safe",
    undecided: "Undecided",
    invalid: "Invalid: the arms do not get their shares",
  }[now.evidence.verdict];
  return (
    <section class={`card wide verdict ${tone}`} aria-labelledby="verdict-title">
      <h2 id="verdict-title">{heading}</h2>
      <p>{now.evidence.sentence}</p>
      <p class="muted">
        Epoch {now.state.epoch}: {now.state.reason || "nothing has changed yet"}
        {now.state.changed_by && ` (${now.state.changed_by})`}
      </p>
    </section>
  );
}

export function Share({ now }: { now: Shown }) {
  const candidate = now.share_ppm / 1e6;
  return (
    <div>
      <div class="share" role="img" aria-label={`${percent(now.share_ppm)} of the users on the candidate, ${percent(1e6 - now.share_ppm)} on the original`}>
        <div class="original" style={{ flexGrow: 1 - candidate }} />
        {candidate > 0 && <div class="candidate" style={{ flexGrow: candidate }} />}
      </div>
      <p class="share-legend">
        <span>
          <i class="key original" /> original <b>{percent(1e6 - now.share_ppm)}</b>
        </span>
        <span>
          <i class="key candidate" /> candidate <b>{percent(now.share_ppm)}</b>
        </span>
      </p>
    </div>
  );
}

function stepState(now: Shown, index: number): string {
  if (now.state.status === "promoted") return "done";
  if (now.state.status !== "canary" && now.state.status !== "paused") return "off";
  if (index < now.state.step) return "done";
  return index === now.state.step ? "now" : "ahead";
}

export function Steps({ now }: { now: Shown }) {
  const open = now.state.status === "canary" || now.state.status === "paused";
  const elapsed = Math.max(0, (now.now_ms - now.state.step_started_ms) / 1000);
  const lastStep = now.state.step + 1 >= now.steps.length;
  const shares = now.live.history.share_ppm.map((ppm) => ppm / 1e4);
  const top = Math.max(10, 10 * Math.ceil(Math.max(0, ...shares) / 10));
  return (
    <section class="card" aria-labelledby="steps-title">
      <h2 id="steps-title">Share of the users</h2>
      <Share now={now} />
      <ol class="steps">
        {now.steps.map((step, index) => (
          <li key={index} class={stepState(now, index)} aria-current={stepState(now, index) === "now" ? "step" : undefined}>
            {percent(step)}
          </li>
        ))}
        <li class={now.state.status === "promoted" ? "now" : "ahead"}>promoted</li>
      </ol>
      {open && (
        <p>
          Step {now.state.step + 1} of {now.steps.length}, for {duration(elapsed)}
          {!lastStep && (
            <span class="muted">
              {" "}
              (at least {duration(now.settings.min_step_seconds)}); {count(now.step_users)} of {count(now.settings.min_step_users)} users had the candidate
            </span>
          )}
        </p>
      )}
      {now.hold && <p class="muted">{now.hold}</p>}
      {shares.length > 1 && (
        <Chart
          title="The candidate's share over time"
          summary={`Now ${percent(now.share_ppm)}.`}
          times={now.live.history.time_ms}
          series={[{ name: "candidate", colour: "--candidate", values: shares }]}
          domain={[0, top]}
          ticks={[0, top / 2, top]}
          label={(value) => `${Number(value.toPrecision(3))} %`}
          read={(value) => `${Number(value.toPrecision(3))} %`}
          marks={[]}
          height={110}
          steps
        />
      )}
    </section>
  );
}

function Times({ label, times }: { label: string; times: Quantiles | null }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        {times ? (
          <>
            {milliseconds(times.p50)} <span class="muted">p95 {milliseconds(times.p95)}</span>
          </>
        ) : (
          <span class="muted">none yet</span>
        )}
      </dd>
    </div>
  );
}

function ArmCard({ now, name }: { now: Shown; name: ArmName }) {
  const arm = now.arms[name];
  const good = arm.server === "healthy";
  return (
    <div class={`arm ${name}`}>
      <h3>
        <i class={`key ${name}`} /> {name}{" "}
        <span class={`badge ${good ? "safe" : name === "original" || now.share_ppm > 0 ? "harm" : "plain"}`}>{words(arm.server)}</span>
      </h3>
      {arm.problem && <p class="bad">{arm.problem}</p>}
      <dl>
        <div>
          <dt>Users</dt>
          <dd>{count(arm.users)}</dd>
        </div>
        <div>
          <dt>Requests</dt>
          <dd>{count(arm.requests)}</dd>
        </div>
        <div>
          <dt>Failures</dt>
          <dd class={arm.failures > 0 ? "bad" : ""}>
            {count(arm.failures)} {arm.requests > 0 && <span class="muted">{((100 * arm.failures) / arm.requests).toFixed(1)} %</span>}
          </dd>
        </div>
        <Times label="First token" times={now.live.times[name].first_token_ms} />
        <Times label="Per token" times={now.live.times[name].per_token_ms} />
        <div>
          <dt>Server</dt>
          <dd class="muted">
            {good ? arm.address : "–"}
            {arm.restarts > 0 && `, restarted ${arm.restarts} times`}
          </dd>
        </div>
      </dl>
    </div>
  );
}

export function Arms({ now }: { now: Shown }) {
  return (
    <section class="card" aria-labelledby="arms-title">
      <h2 id="arms-title">Arms</h2>
      <div class="arms">
        {armNames.map((name) => (
          <ArmCard key={name} now={now} name={name} />
        ))}
      </div>
      <p class="footnote">Measured, by assigned arm: a failure that the other arm stood in for still counts here. Times: medians and 95th percentiles of the latest 500.</p>
    </section>
  );
}

function Check({ name, state, children }: { name: string; state: "good" | "bad" | "unknown"; children: preact.ComponentChildren }) {
  return (
    <li>
      <span class={`badge ${{ good: "safe", bad: "harm", unknown: "plain" }[state]}`}>{{ good: "well", bad: "look", unknown: "unknown" }[state]}</span>
      <div>
        <b>{name}</b>
        <p>{children}</p>
      </div>
    </li>
  );
}

export function Checks({ now }: { now: Shown }) {
  const shares = now.evidence.share_check;
  const units = shares.candidate_units + shares.original_units;
  const hard = now.evidence.hard_limit;
  const problems = [now.state_problem, now.record_problem, now.audit_problem].filter((text) => text !== "");
  return (
    <section class="card tall" aria-labelledby="checks-title">
      <h2 id="checks-title">Checks</h2>
      <ul class="checks">
        <Check name="Share" state={units === 0 ? "unknown" : shares.mismatch ? "bad" : "good"}>
          {units === 0
            ? "No user has been assigned yet."
            : `${count(shares.candidate_units)} of ${count(units)} users on the candidate; odds that the arms do not get their shares: ${Math.exp(shares.log_bayes_factor).toPrecision(2)} to 1, alarm at ${count(Math.round(Math.exp(shares.log_threshold)))}.`}
        </Check>
        <Check name="Hard limit" state={hard.requests === 0 ? "unknown" : hard.tripped ? "bad" : "good"}>
          {count(hard.failures)} of the candidate's {count(hard.requests)} requests failed; level {hard.level.toFixed(1)}, trips at {hard.limit.toFixed(1)}.
        </Check>
        <Check name="Log" state={now.log.failure ? "bad" : "good"}>
          {now.log.failure || `${count(now.log.records)} records since the start, ${count(now.log.at_risk)} not yet on the disk (${now.log.durability}).`}
          {now.gateway.unlogged > 0 && ` ${count(now.gateway.unlogged)} requests were served without evidence.`}
        </Check>
        <Check name="Gateway" state={now.gateway.degraded || problems.length > 0 ? "bad" : "good"}>
          {problems.join("; ") ||
            `${count(now.gateway.open_requests)} open requests, ${count(now.gateway.clients)} connections, ${count(now.gateway.fallbacks)} fallbacks to the original.`}
        </Check>
        <Check name="Stage S" state={now.changed.length > 0 ? "bad" : "good"}>
          {now.changed.length > 0
            ? `Open again; changed since: ${now.changed.join(", ")}. What is served goes on.`
            : "No check has found that machine, engine, model or traffic changed."}
        </Check>
        <Check name="Traffic drift" state={!now.traffic_check ? "unknown" : now.traffic_check.verdict === "keep" && !now.traffic_check.look ? "good" : "bad"}>
          {now.traffic_check
            ? `${now.traffic_check.sentence} (${moment(now.traffic_check.time_ms, now.now_ms)})`
            : "Not compared with the calibration set yet: scale evaluate check does that."}
        </Check>
      </ul>
    </section>
  );
}
