// The stream of events, read with fetch because EventSource cannot send the key in a header. Reconnects by itself.
import { createParser } from "eventsource-parser";
import { append, type Shown } from "./model";

const silenceLimit = 25_000; // the gateway says something every ten seconds
const longestWait = 10_000;

export interface Listener {
  shown(now: Shown): void;
  connected(yes: boolean, why: string): void;
  refused(): void; // the key is not right
}

export function listen(key: string, listener: Listener): () => void {
  let ended = false;
  let request = new AbortController();
  let wait = 500;

  async function once(): Promise<void> {
    request = new AbortController();
    let watchdog = 0;
    const alive = () => {
      clearTimeout(watchdog);
      watchdog = window.setTimeout(() => request.abort(), silenceLimit);
    };
    alive();
    try {
      const reply = await fetch("v1/events", {
        headers: { Authorization: `Bearer ${key}` },
        cache: "no-store",
        credentials: "omit",
        signal: request.signal,
      });
      if (reply.status === 401) {
        ended = true;
        return listener.refused();
      }
      if (!reply.ok || !reply.body) throw new Error(await errorOf(reply));
      let current: Shown | null = null;
      const parser = createParser({
        onEvent(event) {
          const now = JSON.parse(event.data) as Shown;
          if (event.event === "snapshot") {
            current = now;
          } else if (current) {
            append(current.live.history, now.live.history);
            now.live.history = current.live.history;
            current = now;
          }
          if (current) listener.shown(current);
        },
      });
      listener.connected(true, "");
      wait = 500;
      const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        alive();
        parser.feed(piece.value);
      }
      throw new Error("the gateway ended the stream");
    } finally {
      clearTimeout(watchdog);
    }
  }

  async function forever(): Promise<void> {
    while (!ended) {
      try {
        await once();
      } catch (failure) {
        if (ended) return;
        listener.connected(false, failure instanceof Error ? failure.message : String(failure));
      }
      if (ended) return;
      await new Promise((resume) => setTimeout(resume, wait));
      wait = Math.min(longestWait, wait * 2);
    }
  }
  void forever();
  return () => {
    ended = true;
    request.abort();
  };
}

export async function act(key: string, action: string, because: string, who: string): Promise<string> {
  const reply = await fetch(`v1/${action}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
    credentials: "omit",
    body: JSON.stringify({ because, who }),
  });
  if (!reply.ok) throw new Error(await errorOf(reply));
  return ((await reply.json()) as { message: string }).message;
}

async function errorOf(reply: Response): Promise<string> {
  try {
    const body = (await reply.json()) as { error?: { message?: string } };
    if (body.error?.message) return body.error.message;
  } catch {
    // Not ours: something between us and the gateway answered.
  }
  return `the gateway answered ${reply.status}`;
}
