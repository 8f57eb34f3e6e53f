// Users of the application behind the gateway: each asks once, reads the answer, and complains about nonsense.
const complaints = ["makes no sense", "this is not what I asked", "wrong", "what?"];

export class Users {
  constructor(address) {
    this.address = address;
    this.count = 0;
    this.complained = 0;
  }

  async #post(path, body) {
    const reply = await fetch(`http://${this.address}${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    return { status: reply.status, text: await reply.text() };
  }

  // One new user; `content` is the question. Returns the status.
  async one(content = "when does my train leave?", grumbling = 0) {
    const user = `user-${++this.count}`;
    const { status, text } = await this.#post("/v1/chat/completions", {
      model: "model", user, stream: true, messages: [{ role: "user", content }],
    });
    const id = /"id":"([^"]+)"/.exec(text)?.[1];
    if (status === 200 && id && (text.includes("colourless") || Math.random() < grumbling)) {
      ++this.complained;
      await this.#post("/v1/feedback", {
        response_id: id, name: "thumbs_down", value: true, comment: complaints[this.complained % complaints.length],
      });
    }
    return status;
  }

  // So many users, a few at a time; `until` is asked in between and may end it early.
  async many(count, { at_once = 4, grumbling = 0, until = async () => false } = {}) {
    for (let done = 0; done < count; done += at_once) {
      const statuses = await Promise.all(Array.from({ length: at_once }, () => this.one(undefined, grumbling)));
      const failed = statuses.find((status) => status !== 200);
      if (failed !== undefined) throw new Error(`a user got ${failed}`);
      if (await until()) return true;
    }
    return false;
  }
}
