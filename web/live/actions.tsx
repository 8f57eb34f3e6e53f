// Promote, pause, resume and roll back: one button each, a dialog that says what will happen and asks who and why.
import { useEffect, useRef, useState } from "preact/hooks";
import { act } from "./connection";
import { percent } from "./format";
import type { Shown } from "./model";

type Action = "rollback" | "promote" | "pause" | "resume";

const nameKey = "scale.who";

interface Plan {
  title: string;
  effect: string;
  confirm: string;
  reasons: string[];
}

function planOf(action: Action, now: Shown): Plan {
  switch (action) {
    case "rollback":
      return {
        title: "Roll back?",
        effect:
          "All new requests go to the original at once; open streams finish. The candidate stays out until somebody resets it with a reason.",
        confirm: "Roll back now",
        reasons: ["users complain", "errors", "too slow", "wrong answers", "taking no risk"],
      };
    case "promote":
      return {
        title: "Promote the candidate?",
        effect:
          now.evidence.verdict === "safe"
            ? "All traffic goes to the candidate. The original stays archived, and a rollback remains one button."
            : `The candidate is not shown to be safe: ${now.evidence.sentence}. All traffic would go to it all the same, and the record will say so.`,
        confirm: "Promote",
        reasons: ["every guardrail is safe", "we accept the risk"],
      };
    case "pause":
      return {
        title: "Pause the rollout?",
        effect: `The share stays at ${percent(now.share_ppm)}. The gateway still rolls back by itself when it finds harm.`,
        confirm: "Pause",
        reasons: ["looking into feedback", "a release is under way", "outside working hours"],
      };
    case "resume":
      return {
        title: "Resume the rollout?",
        effect: "The share may rise again, step by step, as long as no harm is found. The present step begins anew.",
        confirm: "Resume",
        reasons: ["looked into it", "the release is out"],
      };
  }
}

function Dialog({ action, now, apiKey, close, done }: { action: Action; now: Shown; apiKey: string; close: () => void; done: (message: string) => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [who, setWho] = useState(localStorage.getItem(nameKey) ?? "");
  const [because, setBecause] = useState("");
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const plan = planOf(action, now);

  useEffect(() => {
    dialog.current?.showModal();
  }, []);

  async function confirm(event: Event) {
    event.preventDefault();
    setBusy(true);
    setProblem("");
    try {
      localStorage.setItem(nameKey, who.trim());
      done(await act(apiKey, action, because.trim(), `${who.trim()} (live page)`));
    } catch (failure) {
      setProblem(failure instanceof Error ? failure.message : String(failure));
      setBusy(false);
    }
  }

  return (
    <dialog ref={dialog} aria-labelledby="dialog-title" onClose={close}>
      <form onSubmit={confirm}>
        <h2 id="dialog-title">{plan.title}</h2>
        <p>{plan.effect}</p>
        <label>
          Your name
          <input name="who" required maxLength={80} value={who} autoComplete="name" onInput={(event) => setWho(event.currentTarget.value)} />
        </label>
        <label>
          Why
          <input name="because" required maxLength={400} value={because} list="reasons" autoComplete="off" onInput={(event) => setBecause(event.currentTarget.value)} />
        </label>
        <datalist id="reasons">
          {plan.reasons.map((reason) => (
            <option key={reason} value={reason} />
          ))}
        </datalist>
        <p class="muted">Both go into the pass's record, which cannot be edited.</p>
        {problem && (
          <p class="bad" role="alert">
            {problem}
          </p>
        )}
        <div class="buttons">
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" class={action === "rollback" ? "danger" : "primary"} disabled={busy}>
            {plan.confirm}
          </button>
        </div>
      </form>
    </dialog>
  );
}

export function Actions({ now, apiKey, say }: { now: Shown; apiKey: string; say: (message: string) => void }) {
  const [asked, setAsked] = useState<Action | null>(null);
  const status = now.state.status;
  const open = status === "canary" || status === "paused";
  return (
    <div class="actions" role="group" aria-label="Actions">
      {status !== "paused" && (
        <button disabled={status !== "canary"} onClick={() => setAsked("pause")}>
          Pause
        </button>
      )}
      {status === "paused" && <button onClick={() => setAsked("resume")}>Resume</button>}
      <button disabled={!open || now.share_ppm === 0} onClick={() => setAsked("promote")}>
        Promote
      </button>
      <button class="danger" disabled={!open && status !== "promoted"} onClick={() => setAsked("rollback")}>
        Roll back
      </button>
      {asked && (
        <Dialog
          action={asked}
          now={now}
          apiKey={apiKey}
          close={() => setAsked(null)}
          done={(message) => {
            setAsked(null);
            say(message);
          }}
        />
      )}
    </div>
  );
}
