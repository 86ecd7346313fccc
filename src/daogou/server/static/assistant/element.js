// <daogou-assistant>: the shopping assistant, on any page. docs/embedding.md says how to embed it.

import { h, icon } from "../dom.js";
import { visitor } from "../state.js";
import { deepActive, read, write } from "./around.js";
import { Client } from "./client.js";
import { Panel } from "./panel.js";
import { shrink } from "./photo.js";
import { Seen } from "./seen.js";
import { Talk } from "./talk.js";
import { answer, labelOf, said } from "./turn.js";
import { canListen, hush, listen, speak } from "./voice.js";
import { spokenFor, wordsIn } from "./words.js";

const LABEL = 200;
const OPEN = "daogou.assistant.open";
const HOME = new URL("../../..", import.meta.url).href;
/** A sheet of its own, which a page's Content-Security-Policy need not allow styles for. */
const sheet = fetch(new URL("./style.css", import.meta.url))
  .then((response) => response.text())
  .then((css) => new CSSStyleSheet().replace(css));

/**
 * Attributes: endpoint, key, language, visitor, product-id, product-url, photos, inline, theme.
 * Properties: cart, the page's own as [{id, variantId, quantity}], or undefined.
 * Events: daogou-open, daogou-close, daogou-cart {cart, added, removed}, daogou-choose {id, position, uri,
 * attributionToken, policyId}.
 */
export class DaogouAssistant extends HTMLElement {
  static observedAttributes = ["language", "visitor", "product-id", "photos"];

  cart = undefined;
  #panel = null;
  #launcher = null;
  #ready = null;
  #talk = null;
  #begun = null;
  #product = null; // what the next message is about, where the page has said so
  #words = null;
  #busy = false;
  #aloud = false;
  #listening = null;
  #seen = null;
  #from = null;

  async connectedCallback() {
    this.#ready ??= this.#build();
    addEventListener("online", this.#connection);
    addEventListener("offline", this.#connection);
    addEventListener("pagehide", this.#leaving);
    document.addEventListener("visibilitychange", this.#leaving);
    await this.#ready;
    if (this.inline || read(OPEN) === this.#endpoint) await this.open({ focus: false });
  }

  disconnectedCallback() {
    removeEventListener("online", this.#connection);
    removeEventListener("offline", this.#connection);
    removeEventListener("pagehide", this.#leaving);
    document.removeEventListener("visibilitychange", this.#leaving);
    this.#seen?.flush();
    this.#listening?.();
    hush();
  }

  async attributeChangedCallback(name, old, value) {
    if (old === value) return;
    if (name === "product-id") this.#product = value;
    if (!this.#ready) return;
    await this.#ready;
    if (name === "language") this.#speak(await wordsIn(this.#language()));
    if (name === "photos") this.#photos();
    if (name === "visitor") await this.#restart();
  }

  get inline() {
    return this.hasAttribute("inline");
  }

  get #endpoint() {
    return new URL(this.getAttribute("endpoint") ?? HOME, document.baseURI).href;
  }

  /** Show the panel; resolves when the conversation can be seen. */
  async open({ focus = true } = {}) {
    await this.#ready;
    if (!this.#isOpen()) {
      this.#from = deepActive();
      this.#panel.show();
      this.#launcher?.setAttribute("aria-expanded", "true");
      write(OPEN, this.#endpoint);
      this.#emit("open");
    }
    if (focus) this.#panel.focus();
    this.#begun ??= this.#begin();
    await this.#begun;
  }

  close() {
    if (!this.#panel || this.inline || !this.#isOpen()) return;
    this.#listening?.();
    hush();
    this.#panel.hide();
    this.#launcher.setAttribute("aria-expanded", "false");
    write(OPEN, null);
    const back = this.#from?.isConnected && this.#from !== document.body ? this.#from : this.#launcher;
    back.focus({ preventScroll: true });
    this.#emit("close");
  }

  /** Open, and ask: {text}, or {payload, label} of a question that the shop gave; about a product or none. */
  async ask({ text, payload, label, productId }) {
    if (productId) this.#product = productId;
    await this.open();
    await this.#send(payload ? { payload, label } : { text });
  }

  // ---- what is there

  async #build() {
    const root = this.attachShadow({ mode: "open" });
    [root.adoptedStyleSheets, this.#words] = await Promise.all([sheet.then((one) => [one]), wordsIn(this.#language())]);
    this.#panel = new Panel(this.inline, {
      say: (text) => this.#send({ text }),
      photo: (file, text) => this.#photo(file, text),
      voice: () => this.#voice(),
      wishes: () => this.#send({ payload: "/wishes", label: this.#words.t("wishes") }),
      cart: () => this.#send({ payload: "/cart", label: this.#words.t("cart") }),
      aloud: () => (this.#aloud = !this.#aloud),
      fresh: () => this.#afresh(),
      forget: () => this.#forget(),
      close: () => this.close(),
    });
    if (!this.inline) {
      const toggle = () => (this.#isOpen() ? this.close() : this.open());
      this.#launcher = h("button", { type: "button", class: "launcher", part: "launcher", "aria-haspopup": "dialog", "aria-expanded": "false", onclick: toggle }, icon("chat"), h("span", { class: "launcher-text" }));
      root.append(this.#launcher);
    }
    root.append(this.#panel.element);
    this.#speak(this.#words);
    this.#photos();
    this.#connection();
  }

  #language() {
    const wanted = [this.getAttribute("language"), document.documentElement.lang, ...navigator.languages];
    return wanted.map(spokenFor).find(Boolean) ?? "en";
  }

  #speak(words) {
    this.#words = words;
    this.#panel.translate(words);
    if (this.#launcher) {
      this.#launcher.lang = words.tag;
      this.#launcher.querySelector("span").textContent = words.t("open");
    }
  }

  #isOpen() {
    return this.inline || this.#panel.element.open;
  }

  #page() {
    const base = this.#endpoint;
    const path = (id) => id.split("/").map(encodeURIComponent).join("/");
    const template = this.getAttribute("product-url");
    return {
      base: template ? document.baseURI : base,
      productUrl: ({ id, uri }) => template?.replace("{id}", path(id)) ?? uri ?? new URL(`product/${path(id)}`, base).href,
      articleUrl: (id) => new URL(`knowledge/${path(id)}`, base).href,
    };
  }

  // ---- the conversation

  async #begin() {
    const client = new Client(this.#endpoint, this.getAttribute("key"));
    const talk = new Talk(client, this.getAttribute("visitor") || visitor());
    this.#talk = talk;
    this.#look(talk);
    this.#panel.log.replaceChildren();
    this.#panel.offer([], "", null);
    await this.#trying(
      async () => {
        const turns = await this.#talk.open(this.#words.code);
        // What is old is not read out again.
        this.#panel.log.setAttribute("aria-live", turns.length > 1 ? "off" : "polite");
        for (const turn of turns) await this.#show(turn, turns);
        this.#panel.log.setAttribute("aria-live", "polite");
        const reply = turns.at(-1)?.reply;
        if (reply) this.#offer(reply, await wordsIn(reply.message.language));
      },
      () => (this.#begun = this.#begin()),
    );
  }

  async #show({ text, reply, feedback }, turns) {
    if (text) this.#panel.add(said(labelOf(text, turns)));
    await this.#answer(reply, feedback?.rating);
  }

  async #answer(reply, rated) {
    const words = await wordsIn(reply.message.language);
    const act = {
      press: (payload, label) => this.#send({ payload, label }),
      choose: (card, position, event) => {
        const detail = { id: card.id, position, uri: event.currentTarget.href, ...this.#talk.listOf(card.id) };
        if (!this.#emit("choose", detail)) event.preventDefault();
      },
      drop: (wish, place) => this.#drop(wish, place, words),
      rate: (turnId, rating) => this.#trying(async () => { await this.#talk.rate(turnId, rating); return true; }, null),
    };
    this.#panel.settle();
    this.#panel.add(answer(reply, words, this.#page(), act, rated));
    return words;
  }

  #offer(reply, words) {
    // Wishes that are listed are taken back where they stand.
    const listed = reply.wishes?.length > 0;
    const offered = reply.quickReplies.filter(({ payload }) => !(listed && payload.startsWith("/forget ")));
    this.#panel.offer(offered, words.tag, (payload, label) => this.#send({ payload, label }));
  }

  /** Take a wish back, and leave the keyboard with the next one. */
  async #drop({ text, change }, place, { code, t }) {
    if (this.#busy || !this.#talk) return;
    const label = t("wish.drop", { wish: text });
    this.#panel.add(said(label));
    if (!(await this.#deliver({ change, label, languageCode: code }))) return;
    const left = this.#panel.log.lastElementChild.querySelectorAll(".wish");
    if (left.length > 0) left[Math.min(place, left.length - 1)].focus({ preventScroll: true });
    else this.#panel.focus();
  }

  /** Send a message; false where another one is still being answered. */
  #send(message) {
    if (this.#busy || !this.#talk) return false;
    this.#panel.add(said(message.label ?? message.text));
    return this.#deliver({ ...message, ...(message.payload ? { languageCode: this.#words.code } : {}), ...(this.#product ? { productId: this.#product } : {}) });
  }

  #deliver(message) {
    return this.#trying(
      async () => {
        const talk = this.#talk;
        const soFar = h("div", { class: "message", "aria-hidden": "true" }, h("p", { class: "text" }));
        const hear = (text) => {
          if (!soFar.isConnected) this.#panel.add(soFar);
          soFar.firstChild.textContent = text;
        };
        try {
          const { reply, added, removed } = await talk.send(message, { cart: this.cart, hear });
          if (talk !== this.#talk) return false; // somebody else shops here by now
          this.#product = null;
          soFar.remove();
          const words = await this.#answer(reply);
          this.#seen.watch(this.#panel.log.lastElementChild, reply.turnId);
          this.#offer(reply, words);
          if (words !== this.#words) this.#speak(words);
          if (this.#aloud) speak(reply.message.text, words.tag);
          if (added.length + removed.length > 0) this.#emit("cart", { cart: reply.cart, added, removed });
        } finally {
          soFar.remove();
        }
        return true;
      },
      () => this.#deliver(message),
      message,
    );
  }

  /** Run something that may fail; `retry` is what a button does about it. */
  async #trying(run, retry, message = null) {
    this.#panel.calm();
    this.#wait(true);
    try {
      return await run();
    } catch (error) {
      await this.#trouble(error, retry, message);
      return false;
    } finally {
      this.#wait(false);
    }
  }

  async #trouble(error, retry, message) {
    const { t } = this.#words;
    if (error.code === undefined) {
      this.#panel.tell(t("failed"));
      throw error;
    }
    if (error.code === 409) {
      this.#panel.tell(t("wishes.changed"), t("wishes"), () => this.#send({ payload: "/wishes", label: t("wishes") }));
      return;
    }
    if (error.code === 404 && message) {
      // Deleted elsewhere: a new one takes its place, and what was said is not said in vain.
      await this.#talk.forget();
      this.#panel.tell(t("gone"), t("again"), async () => { await this.#restart(); await this.#send(message); });
      return;
    }
    const known = { 0: navigator.onLine ? "unreachable" : "offline", 429: "many" }[error.code] ?? "failed";
    const text = t(known, { seconds: String(error.retryAfter) });
    this.#panel.tell(known === "failed" ? `${text} ${error.message}` : text, retry && t("again"), retry);
  }

  #wait(busy) {
    this.#busy = busy;
    this.#panel.busy = busy;
  }

  async #restart() {
    if (!this.#begun) return;
    this.#begun = this.#begin();
    await this.#begun;
  }

  /** Look out for what is on the screen of a conversation. */
  #look(talk) {
    this.#seen?.flush();
    this.#seen?.stop();
    this.#seen = new Seen((turnId, ids) => talk.seen(turnId, ids));
  }

  #leaving = (event) => {
    if (event.type === "pagehide" || document.visibilityState === "hidden") this.#seen?.flush();
  };

  /** A new conversation; the old one stays with the shop. */
  async #afresh() {
    this.#seen?.flush();
    this.#panel.log.replaceChildren();
    this.#panel.offer([], "", null);
    await this.#trying(async () => {
      const { reply } = await this.#talk.begin(this.#words.code);
      this.#offer(reply, await this.#answer(reply));
    }, () => this.#afresh());
    this.#panel.focus();
  }

  async #forget() {
    const gone = await this.#trying(async () => { await this.#talk.forget(); return true; }, () => this.#forget());
    if (gone) await this.#afresh();
  }

  // ---- photos, voice and connection

  /** Offer to send a photo where the shop can look at one. */
  #photos() {
    this.#panel.photo.hidden = !this.hasAttribute("photos");
  }

  /** Send a photo with what is written beside it; false where another message is being answered. */
  #photo(file, text) {
    if (this.#busy || !this.#talk) return false;
    const { t } = this.#words;
    const label = text ? `${t("photo.sent")}: ${text}` : t("photo.sent");
    this.#wait(true); // nothing else is sent before it
    shrink(file).then(
      (image) => {
        this.#wait(false);
        return this.#send({ image, ...(text ? { text } : {}), label: label.slice(0, LABEL) });
      },
      () => {
        this.#wait(false);
        this.#panel.write(text);
        this.#panel.tell(t("photo.failed"));
      },
    );
    return true;
  }

  #voice() {
    if (!canListen) return;
    if (this.#listening) {
      this.#listening();
      return;
    }
    hush();
    const button = this.#panel.voice;
    const heard = (text, final) => {
      this.#panel.write(text);
      if (final) this.#panel.input.form.requestSubmit();
    };
    const ended = (trouble) => {
      this.#listening = null;
      button.setAttribute("aria-pressed", "false");
      const denied = trouble === "not-allowed" || trouble === "service-not-allowed";
      if (trouble) this.#panel.tell(this.#words.t(denied ? "voice.denied" : "voice.failed"));
    };
    try {
      this.#listening = listen(this.#words.tag, heard, ended);
      button.setAttribute("aria-pressed", "true");
    } catch {
      ended("failed");
    }
  }

  #connection = () => {
    if (!this.#panel) return;
    if (navigator.onLine) this.#panel.calm();
    else this.#panel.tell(this.#words.t("offline"));
  };

  #emit(name, detail = {}) {
    return this.dispatchEvent(new CustomEvent(`daogou-${name}`, { detail, bubbles: true, composed: true, cancelable: true }));
  }
}

customElements.define("daogou-assistant", DaogouAssistant);
