import { isResume } from "./evidence";
import { moment, percent, words } from "./format";
import type { AuditEntry, Shown } from "./model";

function Time({ ms, now }: { ms: number; now: number }) {
  return <time dateTime={new Date(ms).toISOString()}>{moment(ms, now)}</time>;
}

export function FeedbackList({ now }: { now: Shown }) {
  return (
    <section class="card" aria-labelledby="feedback-title">
      <h2 id="feedback-title">Feedback</h2>
      {now.live.feedback.length === 0 && <p class="empty">None yet. Applications send it to /v1/feedback.</p>}
      <ul class="list" tabIndex={0} aria-label="Latest feedback">
        {now.live.feedback.map((one) => (
          <li key={`${one.id}${one.time_ms}`}>
            <Time ms={one.time_ms} now={now.now_ms} />
            <div>
              <b>{words(one.name)}</b> {one.value !== null && one.value !== true && <span>{String(one.value)} </span>}
              {one.arm ? <span class={`arm-name ${one.arm}`}>{one.arm}</span> : <span class="muted">its response is not known yet</span>}
              {one.counted && <span class="muted"> counted</span>}
              {one.comment && <p>{one.comment}</p>}
            </div>
          </li>
        ))}
      </ul>
      {now.feedback_parked > 0 && <p class="footnote">{now.feedback_parked} wait for their response.</p>}
    </section>
  );
}

export function FailureList({ now }: { now: Shown }) {
  return (
    <section class="card" aria-labelledby="failures-title">
      <h2 id="failures-title">Failures</h2>
      {now.live.failures.length === 0 && <p class="empty">No server has failed a request.</p>}
      <ul class="list" tabIndex={0} aria-label="Latest failures">
        {now.live.failures.map((one) => (
          <li key={one.request_id}>
            <Time ms={one.time_ms} now={now.now_ms} />
            <div>
              <b>{words(one.outcome)}</b> {one.upstream_status > 0 && <span>{one.upstream_status} </span>}
              <span class={`arm-name ${one.arm}`}>{one.arm}</span>
              {one.fallback && <span class="muted"> answered by the other arm</span>}
              {one.error && <p>{one.error}</p>}
              <p class="muted mono">{one.request_id}</p>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

function deed(audit: AuditEntry[], index: number): string {
  const entry = audit[index]!;
  switch (entry.kind) {
    case "rollout_started":
      return `started at ${percent(entry.weight_ppm)}`;
    case "rollout_step":
      if (entry.status === "paused") return `paused at ${percent(entry.weight_ppm)}`;
      return `${isResume(audit, index) ? "resumed at" : "share"} ${percent(entry.weight_ppm)}`;
    case "promoted":
      return "promoted";
    case "rolled_back":
      return entry.harm ? "rolled back for harm" : "rolled back";
    case "rollout_stopped":
      return "stopped";
    default:
      return words(entry.kind);
  }
}

export function Audit({ now }: { now: Shown }) {
  return (
    <section class="card wide" aria-labelledby="audit-title">
      <h2 id="audit-title">Who did what</h2>
      {now.audit.length === 0 && <p class="empty">The record has no entry of a rollout.</p>}
      <div class="scroll" tabIndex={0} role="region" aria-label="Audit entries">
        <table class="audit">
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">What</th>
              <th scope="col">Who</th>
              <th scope="col">Why</th>
              <th scope="col" class="number">
                Epoch
              </th>
            </tr>
          </thead>
          <tbody>
            {now.audit.map((entry, index) => (
              <tr key={`${entry.time_ms}${entry.kind}${index}`}>
                <td>
                  <Time ms={entry.time_ms} now={now.now_ms} />
                </td>
                <td>
                  <span class={`badge ${entry.kind === "rolled_back" ? "harm" : entry.kind === "promoted" ? "safe" : "plain"}`}>{deed(now.audit, index)}</span>
                </td>
                <td>{entry.by || "–"}</td>
                <td class="why">{entry.reason || "–"}</td>
                <td class="number">{entry.epoch || "–"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="footnote">
        From the pass's record, where every entry is chained by SHA-256; <code>scale verify</code> checks it.
        {now.record_pending > 0 && ` ${now.record_pending} on their way there.`}
      </p>
    </section>
  );
}
