// A session of a legacy revision: `initialize`, an id, questions as requests.

import { ABILITIES, INFO, exchange, nextId, result } from "./mcp.js";

export class Session {
  #revision;
  #headers = null;

  constructor(revision) {
    this.#revision = revision;
  }

  async #begin() {
    const params = { protocolVersion: this.#revision, capabilities: ABILITIES, clientInfo: INFO };
    const begun = await exchange({ jsonrpc: "2.0", id: nextId(), method: "initialize", params }, {});
    const { protocolVersion } = result(begun);
    if (protocolVersion !== this.#revision) throw new Error(`the server wants to speak ${protocolVersion}`);
    this.#headers = { "Mcp-Session-Id": begun.response.headers.get("Mcp-Session-Id"), "MCP-Protocol-Version": this.#revision };
    await exchange({ jsonrpc: "2.0", method: "notifications/initialized" }, { headers: this.#headers });
  }

  /** A request; questions that come before its answer go to `asked`, which resolves to their results. */
  async request(method, params, options, again = true) {
    if (!this.#headers) await this.#begin();
    const { progress, asked, heard = () => {} } = options;
    const sent = progress ? { ...params, _meta: { progressToken: progress } } : params;
    const message = { jsonrpc: "2.0", id: nextId(), method, params: sent };
    const stop = () => this.#tell({ method: "notifications/cancelled", params: { requestId: message.id } });
    options.signal?.addEventListener("abort", stop, { once: true });
    try {
      const done = await exchange(message, {
        headers: this.#headers,
        signal: options.signal,
        heard: (said) => (said.id === undefined ? heard(said) : this.#answer(said, asked)),
      });
      // The session was idle for too long, or the server is another one by now.
      if (done.response.status === 404 && again) {
        this.#headers = null;
        return await this.request(method, params, options, false);
      }
      return result(done);
    } finally {
      options.signal?.removeEventListener("abort", stop);
    }
  }

  async #answer({ id, method, params }, asked) {
    if (method === "ping") return this.#tell({ id, result: {} });
    try {
      const given = await asked({ [method]: { method, params } });
      return this.#tell({ id, result: given[method] });
    } catch (error) {
      return this.#tell({ id, error: { code: -32603, message: error.message } });
    }
  }

  #tell(message) {
    return exchange({ jsonrpc: "2.0", ...message }, { headers: this.#headers }).catch(() => {});
  }
}
