// The assistant's side of the shop's API, wherever the page is that talks to it.

/** What the shop refused, or could not be asked: `code` is the HTTP status, 0 without one. */
export class Failure extends Error {
  constructor(code, message, retryAfter = 0) {
    super(message);
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

const STREAM = "text/event-stream";

export class Client {
  #endpoint;
  #key;

  /** @param {string} endpoint the address of the shop, absolute; `key` is of the scope shopper, or null */
  constructor(endpoint, key = null) {
    this.#key = key;
    this.#endpoint = endpoint.replace(/\/+$/, "");
  }

  begin(visitorId, languageCode) {
    return this.#json("POST", "/v1/conversations", { visitorId, languageCode });
  }

  conversation(id) {
    return this.#json("GET", `/v1/conversations/${encodeURIComponent(id)}`);
  }

  forget(id) {
    return this.#json("DELETE", `/v1/conversations/${encodeURIComponent(id)}`);
  }

  /** Set wishes: the body of a PATCH. */
  edit(id, change) {
    return this.#json("PATCH", `/v1/conversations/${encodeURIComponent(id)}`, change);
  }

  /** Say that cards of a turn were on the screen; the request outlives the page. */
  seen(id, turnId, productIds) {
    return this.#json("POST", `/v1/conversations/${encodeURIComponent(id)}/turns/${turnId}/impressions`, { productIds }, true);
  }

  rate(id, turnId, rating) {
    return this.#json("POST", `/v1/conversations/${encodeURIComponent(id)}/turns/${turnId}/feedback`, { rating });
  }

  /**
   * Say something, and resolve to the whole answer. `hear` gets the text so far, as soon as there is some.
   * An answer that breaks off is a Failure; the shop finishes and keeps it all the same.
   */
  async send(id, message, hear) {
    const response = await this.#fetch("POST", `/v1/conversations/${encodeURIComponent(id)}/messages`, message, STREAM);
    if (!response.headers.get("Content-Type")?.startsWith(STREAM)) return await read(response);
    let text = "";
    try {
      for await (const event of events(response.body)) {
        if (event.type === "TEXT_MESSAGE_CONTENT") hear((text += event.delta));
        else if (event.type === "RUN_FINISHED") return event.result;
        else if (event.type === "RUN_ERROR") throw new Failure(500, event.message);
      }
    } catch (error) {
      throw error instanceof Failure ? error : new Failure(0, error.message);
    }
    throw new Failure(0, "the answer broke off");
  }

  async #json(method, path, body, keepalive = false) {
    return await read(await this.#fetch(method, path, body, "application/json", keepalive));
  }

  async #fetch(method, path, body, accept, keepalive = false) {
    let response;
    try {
      response = await fetch(this.#endpoint + path, {
        method,
        headers: { Accept: accept, ...(this.#key ? { Authorization: `Bearer ${this.#key}` } : {}), ...(body ? { "Content-Type": "application/json" } : {}) },
        body: body && JSON.stringify(body),
        credentials: "omit",
        keepalive,
      });
    } catch (error) {
      throw new Failure(0, error.message);
    }
    if (response.ok) return response;
    const told = await response.json().catch(() => ({}));
    const message = told.error?.message ?? response.statusText;
    throw new Failure(response.status, message, Number(response.headers.get("Retry-After")) || 0);
  }
}

async function read(response) {
  try {
    return await response.json();
  } catch {
    throw new Failure(0, "the answer is not JSON");
  }
}

/** The events of a stream of server-sent events whose data are JSON. */
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (waiting + value).split("\n\n");
      waiting = blocks.pop();
      for (const block of blocks) {
        const data = block.split("\n").filter((line) => line.startsWith("data:")).map((line) => line.slice(5));
        if (data.length > 0) yield JSON.parse(data.join("\n"));
      }
    }
  } finally {
    reader.cancel().catch(() => {}); // whoever stops listening needs no more of it
  }
}
