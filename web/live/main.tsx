import { render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import "../shared/theme.css";
import "./live.css";
import { Actions } from "./actions";
import { listen } from "./connection";
import { Evidence } from "./evidence";
import { percent, timeOfDay } from "./format";
import { Latency } from "./latency";
import { Audit, FailureList, FeedbackList } from "./lists";
import type { Shown } from "./model";
import { Arms, Checks, Steps, statusName, Verdict } from "./overview";

const keyName = "scale.key";

// `scale evaluate live` hands the key over behind '#', which no server sees; it leaves the address bar at once and lives
// as long as the tab.
function takeKey(): string {
  const given = new URLSearchParams(location.hash.slice(1)).get("key");
  if (given) {
    sessionStorage.setItem(keyName, given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return sessionStorage.getItem(keyName) ?? "";
}

function KeyForm({ refused, enter }: { refused: boolean; enter: (key: string) => void }) {
  const [key, setKey] = useState("");
  return (
    <main class="gate">
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault();
          enter(key.trim());
        }}
      >
        <h1>Live rollout</h1>
        <label>
          Operator's key
          <input type="password" name="key" required autoFocus autoComplete="off" spellcheck={false} value={key} onInput={(event) => setKey(event.currentTarget.value)} />
        </label>
        {refused && (
          <p class="bad" role="alert">
            The gateway refuses this key.
          </p>
        )}
        <button type="submit" class="primary">
          Show
        </button>
        <p class="muted">
          <code>scale evaluate live</code>, run in the pass, prints this page's address with the key.
        </p>
      </form>
    </main>
  );
}

function Page({ now, connected, problem, apiKey }: { now: Shown; connected: boolean; problem: string; apiKey: string }) {
  const [said, say] = useState("");
  const name = statusName(now);
  useEffect(() => {
    document.title = `${name}, ${percent(now.share_ppm)} – ${now.model} – scale`;
  });
  const tone = { draft: "plain", canary: "warn", paused: "warn", promoted: "safe", rolled_back: "harm", stopped: "plain" }[now.state.status];
  return (
    <>
      <header>
        <div class="bar-inner">
          <div class="what">
            <h1>
              {now.model} <span class="muted">{now.flag}</span>
            </h1>
            <p>
              <span class={`badge large ${tone}`}>{name}</span> <b>{percent(now.share_ppm)}</b> on the candidate
              <span class={connected ? "link on" : "link off"}>
                <i aria-hidden="true" /> {connected ? `live, ${timeOfDay(now.now_ms)}` : `no connection; as of ${timeOfDay(now.now_ms)}`}
              </span>
            </p>
          </div>
          <Actions now={now} apiKey={apiKey} say={say} />
        </div>
      </header>
      <main class={connected ? "" : "stale"}>
        <p class="said" role="status" aria-live="polite">
          {said}
        </p>
        {!connected && (
          <p class="said warn" role="alert">
            {problem}; trying again.
          </p>
        )}
        <Verdict now={now} />
        <Steps now={now} />
        <Arms now={now} />
        <Evidence now={now} />
        <Latency now={now} />
        <Checks now={now} />
        <FeedbackList now={now} />
        <FailureList now={now} />
        <Audit now={now} />
      </main>
    </>
  );
}

// The gateway is silent while nothing changes; its clock goes on.
function useClock(now: Shown | null, connected: boolean): Shown | null {
  const received = useRef({ now, at: 0 });
  const [, redraw] = useState(0);
  if (received.current.now !== now) received.current = { now, at: performance.now() };
  useEffect(() => {
    const timer = setInterval(() => redraw((count) => count + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  if (!now || !connected) return now;
  return { ...now, now_ms: now.now_ms + performance.now() - received.current.at };
}

function App() {
  const [key, setKey] = useState(takeKey);
  const [refused, setRefused] = useState(false);
  const [now, setNow] = useState<Shown | null>(null);
  const [connected, setConnected] = useState(false);
  const [problem, setProblem] = useState("");
  const current = useClock(now, connected);
  useEffect(() => {
    if (!key) return;
    return listen(key, {
      // A new object each time: the history in it grows in place.
      shown: (shown) => setNow({ ...shown }),
      connected: (yes, why) => {
        setConnected(yes);
        setProblem(why);
      },
      refused: () => {
        sessionStorage.removeItem(keyName);
        setRefused(true);
        setNow(null);
        setKey("");
      },
    });
  }, [key]);
  if (!key)
    return (
      <KeyForm
        refused={refused}
        enter={(entered) => {
          sessionStorage.setItem(keyName, entered);
          setRefused(false);
          setKey(entered);
        }}
      />
    );
  if (!current) return <p class="waiting">{problem || "Asking the gateway…"}</p>;
  return <Page now={current} connected={connected} problem={problem} apiKey={key} />;
}

render(<App />, document.getElementById("page")!);
