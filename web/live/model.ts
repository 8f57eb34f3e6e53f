// What the gateway sends on /scale/v1/events, and the page's own copy of the history.

export type ArmName = "original" | "candidate";
export type PerArm<T> = Record<ArmName, T>;
export const armNames: ArmName[] = ["original", "candidate"];

type Column = (number | null)[];

export interface History {
  time_ms: number[];
  share_ppm: number[];
  requests: PerArm<number[]>;
  failures: PerArm<number[]>;
  users: PerArm<number[]>;
  first_token_ms: PerArm<Column>;
  per_token_ms: PerArm<Column>;
  harm: Record<string, Column>; // ln E
  safety: Record<string, Column>;
  share_check: Column; // ln of the Bayes factor
  hard_limit: Column;
}

export interface Test {
  log_e: number; // the highest that it ever was
  log_threshold: number;
  p_value: number;
  reached: boolean;
}

export interface LatencyTest {
  units: number;
  candidate_units: number;
  margin_ratio: number;
  enough: boolean;
  harm: boolean;
  safe: boolean;
  ratio?: number;
  ratio_low?: number;
  ratio_high?: number;
}

export interface Arm {
  server: string;
  address: string;
  problem: string;
  restarts: number;
  requests: number;
  users: number;
  failures: number;
}

export interface Quantiles {
  count: number;
  p50: number;
  p95: number;
}

export interface AuditEntry {
  time_ms: number;
  kind: string;
  by: string;
  reason: string;
  epoch: number;
  weight_ppm: number;
  status: string;
  harm: boolean;
  experiment: string;
}

export interface Feedback {
  time_ms: number;
  id: string;
  name: string;
  value: boolean | number | string | null;
  comment: string;
  arm: ArmName | null;
  counted: boolean;
}

export interface Failure {
  time_ms: number;
  request_id: string;
  arm: ArmName;
  outcome: string;
  status: number;
  upstream_status: number;
  error: string;
  fallback: boolean;
}

export interface Shown {
  now_ms: number;
  model: string;
  flag: string;
  state: {
    experiment: string;
    status: "draft" | "canary" | "paused" | "promoted" | "rolled_back" | "stopped";
    epoch: number;
    step: number;
    weight_ppm: number;
    reason: string;
    changed_by: string;
    harm: boolean;
    started_ms: number;
    step_started_ms: number;
  };
  state_problem: string;
  record_problem: string;
  record_pending: number;
  audit_problem: string;
  share_ppm: number;
  steps: number[];
  step_users: number;
  settings: { min_step_seconds: number; min_step_users: number; deadline_hours: number };
  hold: string;
  arms: PerArm<Arm>;
  evidence: {
    verdict: "harm" | "safe" | "undecided" | "invalid";
    sentence: string;
    alpha: number;
    beta: number;
    harm_ratio: number;
    safe_ratio: number;
    guardrails: Record<string, { candidate_units: number; original_units: number; harm: Test; safety: Test }>;
    latency: { first_token: LatencyTest; per_token: LatencyTest };
    share_check: {
      log_bayes_factor: number;
      log_threshold: number;
      candidate_units: number;
      original_units: number;
      mismatch: boolean;
    };
    hard_limit: { level: number; limit: number; failures: number; requests: number; tripped: boolean };
  };
  changed: string[]; // since stage S, as the newest check found it
  feedback_parked: number;
  gateway: { open_requests: number; clients: number; fallbacks: number; unlogged: number; workers: number; degraded: boolean };
  log: { records: number; at_risk: number; at_risk_peak: number; refused: number; failure: string; durability: string };
  live: {
    history: History;
    times: PerArm<{ first_token_ms: Quantiles | null; per_token_ms: Quantiles | null }>;
    feedback: Feedback[];
    failures: Failure[];
  };
  audit: AuditEntry[];
  traffic_check: { time_ms: number; verdict: string; look: boolean; sentence: string } | null;
}

const mostPoints = 1600;

function eachColumn(into: unknown, from: unknown, visit: (into: unknown[], from: unknown[]) => void): void {
  if (Array.isArray(into)) return visit(into, from as unknown[]);
  const target = into as Record<string, unknown>;
  const source = from as Record<string, unknown>;
  for (const key of Object.keys(target)) if (source[key] !== undefined) eachColumn(target[key], source[key], visit);
}

// Puts the newest point behind the others, or in the place of the last one where no time has passed since.
export function append(history: History, newest: History): void {
  const time = newest.time_ms[0];
  if (time === undefined) return;
  const last = history.time_ms[history.time_ms.length - 1];
  const replace = last !== undefined && time <= last;
  eachColumn(history, newest, (into, from) => {
    if (replace) into.pop();
    into.push(from[0]);
  });
  if (history.time_ms.length > mostPoints)
    eachColumn(history, history, (into) => {
      const kept = into.filter((_, index) => index % 2 === 0 || index === into.length - 1);
      into.splice(0, into.length, ...kept);
    });
}
