// One conversation: begun, gone on with, forgotten; the cart that goes with it.

import { Failure } from "./client.js";

const key = (visitor) => `daogou.conversation.${visitor}`;

function remembered(visitor) {
  try {
    return localStorage.getItem(key(visitor));
  } catch {
    return null; // storage is blocked: the conversation lasts as long as the page
  }
}

function remember(visitor, id) {
  try {
    if (id) localStorage.setItem(key(visitor), id);
    else localStorage.removeItem(key(visitor));
  } catch {
    // as above
  }
}

export class Talk {
  #client;
  #visitor;
  #id = null;
  #turns = 0;
  #cart = [];
  #lists = [];

  constructor(client, visitor) {
    this.#client = client;
    this.#visitor = visitor;
  }

  /** Go on with what this browser remembers, else begin. Resolves to turns {turnId, text, reply, feedback}. */
  async open(languageCode) {
    const known = remembered(this.#visitor);
    if (known) {
      try {
        const { conversationId, turnCount, cart, state, turns } = await this.#client.conversation(known);
        this.#is(conversationId, turnCount, cart, state);
        return turns;
      } catch (error) {
        if (error.code !== 404) throw error;
      }
    }
    return [await this.begin(languageCode)];
  }

  async begin(languageCode) {
    const reply = await this.#client.begin(this.#visitor, languageCode);
    this.#is(reply.conversationId, reply.turnId, reply.cart, reply.state);
    remember(this.#visitor, reply.conversationId);
    return { turnId: reply.turnId, text: "", reply, feedback: null };
  }

  /**
   * Say {text} or {payload, label}, or set wishes {change, label}. Resolves to {reply, added, removed}, lines that the answer put into
   * the cart or took out of it. `cart` is the page's, undefined where the assistant keeps its own.
   */
  async send(message, { cart, hear }) {
    const before = cart ?? this.#cart;
    const { change, label, languageCode } = message;
    const reply = change
      ? await this.#client.edit(this.#id, { ...change, label, languageCode, lastTurnId: this.#turns })
      : await this.#reply({ ...message, ...(cart ? { cart } : {}) }, hear);
    this.#is(reply.conversationId, reply.turnId, reply.cart, reply.state);
    return { reply, ...changes(before, reply.cart) };
  }

  async #reply(message, hear) {
    try {
      return await this.#client.send(this.#id, message, hear);
    } catch (error) {
      if (error.code !== 0) throw error;
      // The shop may have answered although the answer did not arrive.
      const found = await this.#client.conversation(this.#id).catch(() => { throw error; });
      const last = found.turns.at(-1);
      if (found.turnCount !== this.#turns + 1 || last.text !== (message.label ?? message.text)) throw error;
      return { ...last.reply, state: found.state };
    }
  }

  /** The list that showed a product last: {attributionToken, policyId, position}, or nothing of it. */
  listOf(id) {
    const list = this.#lists.findLast(({ ids }) => ids.includes(id));
    return list ? { attributionToken: list.recommendation_id, policyId: list.policy_id, position: list.ids.indexOf(id) } : {};
  }

  /** Say that cards of a turn were on the screen. */
  seen(turnId, ids) {
    return this.#client.seen(this.#id, turnId, ids);
  }

  rate(turnId, rating) {
    return this.#client.rate(this.#id, turnId, rating);
  }

  async forget() {
    try {
      await this.#client.forget(this.#id);
    } catch (error) {
      if (!(error instanceof Failure && error.code === 404)) throw error;
    }
    remember(this.#visitor, null);
  }

  #is(id, turns, cart, state) {
    this.#id = id;
    this.#turns = turns;
    this.#cart = cart;
    this.#lists = state?.lists ?? [];
  }
}

const same = (one, other) => one.id === other.id && (one.variantId ?? null) === (other.variantId ?? null);

function changes(before, after) {
  const more = (lines, than) =>
    lines
      .map((line) => ({ ...line, quantity: line.quantity - (than.find((other) => same(line, other))?.quantity ?? 0) }))
      .filter(({ quantity }) => quantity > 0);
  return { added: more(after, before), removed: more(before, after) };
}
