// Two model servers behind the gateway, of which the candidate answers some questions with nonsense. They speak the
// OpenAI API with streaming, take a little time for each token, and count what they serve.
import { createServer } from "node:http";

export class ModelServer {
  // `harm`: the share of answers that are nonsense, `pace`: milliseconds to the first token, and for the others.
  constructor(name, { harm = 0, pace = [12, 2] } = {}) {
    this.name = name;
    this.harm = harm;
    this.pace = pace;
    this.served = 0;
    this.server = createServer((request, reply) => this.#answer(request, reply));
  }

  async start() {
    await new Promise((resume) => this.server.listen(0, "127.0.0.1", resume));
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }

  async #answer(request, reply) {
    if (request.method !== "POST") return reply.end("{}");
    let body = "";
    for await (const piece of request) body += piece;
    ++this.served;
    const asked = JSON.parse(body);
    if (asked.messages.at(-1).content === "break") {
      reply.writeHead(500, { "Content-Type": "application/json" });
      return reply.end('{"error":{"message":"out of memory"}}');
    }
    const id = `chatcmpl-${this.name}-${this.served}`;
    const words = (Math.random() < this.harm ? "colourless green ideas sleep furiously" : "the train leaves at noon from platform four").split(" ");
    const pause = (milliseconds) => new Promise((resume) => setTimeout(resume, milliseconds * (0.6 + 0.8 * Math.random())));
    await pause(this.pace[0]);
    reply.writeHead(200, { "Content-Type": "text/event-stream" });
    for (const word of words) {
      reply.write(`data: ${JSON.stringify({ id, choices: [{ index: 0, delta: { content: `${word} ` }, finish_reason: null }] })}\n\n`);
      await pause(this.pace[1]);
    }
    const usage = { prompt_tokens: 9, completion_tokens: words.length, total_tokens: 9 + words.length };
    reply.write(`data: ${JSON.stringify({ id, choices: [{ index: 0, delta: {}, finish_reason: "stop" }] })}\n\n`);
    reply.end(`data: ${JSON.stringify({ id, choices: [], usage })}\n\ndata: [DONE]\n\n`);
  }
}
