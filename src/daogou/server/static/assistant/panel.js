// The panel: its head, the log, what can be pressed, and the line to write on.

import { append, h, icon, replace } from "../dom.js";
import { canListen, canSpeak } from "./voice.js";

/** Where the panel covers the page, which then cannot be reached behind it. */
const COVERS = "(max-width: 30rem)";
const LONGEST = 2000;

export class Panel {
  #act;
  #inline;
  #texts = []; // functions that put words into what is always there

  /** `act`: {say, photo, press, stop, voice, again, wishes, cart, aloud, fresh, forget, close}. */
  constructor(inline, act) {
    this.#act = act;
    this.#inline = inline;
    this.log = h("div", { class: "log", part: "log", role: "log", tabindex: "0" });
    this.waiting = h("div", { class: "waiting", part: "typing", hidden: true }, h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")), this.#word(h("span", { class: "visually-hidden" }), "waiting"));
    this.replies = h("ul", { class: "replies", part: "quick-replies" });
    this.trouble = h("div", { class: "trouble", part: "notice", role: "alert" });
    this.input = h("textarea", { class: "input", part: "input", rows: "1", maxlength: String(LONGEST), enterkeyhint: "send", onkeydown: this.#typed, oninput: this.#grow });
    this.voice = canListen && this.#label(h("button", { type: "button", class: "round", part: "voice", "aria-pressed": "false", onclick: () => act.voice() }, icon("voice")), "voice");
    this.file = h("input", { type: "file", accept: "image/*", hidden: true, tabindex: "-1", onchange: this.#chosen });
    this.photo = this.#label(h("button", { type: "button", class: "round", part: "photo", hidden: true, onclick: () => this.file.click() }, icon("photo")), "photo");
    this.element = h(inline ? "section" : "dialog", { class: "panel", part: "panel", onkeydown: this.#escape, oncancel: (event) => { event.preventDefault(); act.close(); } });
    append(this.element, [this.#head(), this.log, this.waiting, this.trouble, this.replies, this.#foot()]);
    this.#names(this.replies, "replies");
    this.#names(this.log, "log");
    this.#texts.push(({ t }) => { this.input.placeholder = t("placeholder"); });
    this.#names(this.input, "placeholder");
  }

  #head() {
    this.heading = this.#word(h("h2", { tabindex: "-1", class: "title", part: "title" }), "title");
    this.#texts.push(({ t }) => this.element.setAttribute("aria-label", t("title")));
    const { wishes, cart, fresh, close } = this.#act;
    const entry = (key, run) => this.#word(h("button", { type: "button", onclick: () => { this.menu.open = false; this.focus(); run(); } }), key);
    const aloud = canSpeak && this.#word(h("button", { type: "button", "aria-pressed": "false", onclick: () => aloud.setAttribute("aria-pressed", String(this.#act.aloud())) }), "aloud");
    this.menu = h(
      "details",
      { class: "menu", part: "menu", onfocusout: ({ relatedTarget }) => { if (relatedTarget && !this.menu.contains(relatedTarget)) this.menu.open = false; } },
      this.#label(h("summary", { class: "round" }, icon("menu")), "menu"),
      h("div", { class: "entries" }, entry("wishes", wishes), entry("cart", cart), aloud, entry("fresh", fresh), entry("forget", () => this.#confirm())),
    );
    return h(
      "div",
      { class: "head", part: "header" },
      this.heading,
      this.menu,
      !this.#inline && this.#label(h("button", { type: "button", class: "round", part: "close", onclick: close }, icon("close")), "close"),
    );
  }

  #foot() {
    this.submit = this.#label(h("button", { type: "submit", class: "round primary", part: "send" }, icon("send")), "send");
    const send = (event) => {
      event.preventDefault();
      const text = this.input.value.trim();
      if (!text || !this.#act.say(text)) return;
      this.write("");
    };
    return h(
      "div",
      { class: "foot" },
      h("form", { class: "composer", part: "composer", onsubmit: send }, this.photo, this.file, this.input, this.voice, this.submit),
      this.#word(h("p", { class: "automated" }), "automated"),
    );
  }

  /** Ask whether the conversation is to be deleted, in the place of a problem. */
  #confirm() {
    const { t } = this.words;
    const keep = () => { replace(this.trouble); this.input.focus(); };
    const yes = h("button", { type: "button", class: "small danger", onclick: () => { replace(this.trouble); this.focus(); this.#act.forget(); } }, t("forget.yes"));
    replace(this.trouble, h("p", {}, t("forget.sure")), h("div", { class: "ways" }, yes, h("button", { type: "button", class: "small", onclick: keep }, t("forget.no"))));
    yes.focus();
  }

  #word(element, key) {
    this.#texts.push(({ t }) => { element.textContent = t(key); });
    return element;
  }

  #label(element, key) {
    this.#names(element, key);
    this.#texts.push(({ t }) => { element.title = t(key); });
    return element;
  }

  #names(element, key) {
    this.#texts.push(({ t }) => element.setAttribute("aria-label", t(key)));
  }

  /** Speak a language. */
  translate(words) {
    this.words = words;
    this.element.lang = words.tag;
    for (const put of this.#texts) put(words);
  }

  show() {
    if (this.#inline || this.element.open) return;
    if (matchMedia(COVERS).matches) this.element.showModal();
    else this.element.show();
  }

  hide() {
    this.menu.open = false;
    if (!this.#inline) this.element.close();
  }

  /** Put the keyboard where one writes; a finger would have half the screen covered by keys. */
  focus() {
    const target = matchMedia("(pointer: coarse)").matches ? this.heading : this.input;
    target.focus({ preventScroll: true });
  }

  write(text) {
    this.input.value = text;
    this.#grow();
  }

  add(element) {
    this.log.append(element);
    // The beginning of a long answer is what is read first.
    const beyond = element.offsetTop + element.offsetHeight - (this.log.scrollTop + this.log.clientHeight);
    if (beyond > 0) this.log.scrollTop = Math.min(this.log.scrollTop + beyond + 12, element.offsetTop - 12);
  }

  /** What older answers list of the wishes is no longer what is known. */
  settle() {
    for (const chip of this.log.querySelectorAll(".wish")) chip.setAttribute("aria-disabled", "true");
  }

  /** What the last answer offers to press. */
  offer(quickReplies, lang, press) {
    this.replies.lang = lang;
    replace(
      this.replies,
      quickReplies.map(({ text, payload }) => h("li", {}, h("button", { type: "button", class: "chip", part: "quick-reply", "data-payload": payload, onclick: () => press(payload, text) }, text))),
    );
    this.replies.hidden = quickReplies.length === 0;
  }

  /** Tell of trouble, with a button where something can be done about it. */
  tell(text, label, run) {
    const again = () => { replace(this.trouble); this.focus(); run(); };
    replace(this.trouble, h("p", {}, text), label && h("div", { class: "ways" }, h("button", { type: "button", class: "small", onclick: again }, label)));
  }

  calm() {
    replace(this.trouble);
  }

  set busy(busy) {
    // What was pressed cannot be pressed again, or goes: the keyboard must not be left nowhere.
    const active = this.element.getRootNode().activeElement;
    if (busy && (this.replies.contains(active) || active === this.submit)) this.focus();
    this.waiting.hidden = !busy;
    this.submit.disabled = busy;
    this.element.toggleAttribute("data-busy", busy);
    for (const button of this.replies.querySelectorAll("button")) button.disabled = busy;
  }

  #chosen = () => {
    const [file] = this.file.files;
    this.file.value = ""; // the same one can be chosen again
    if (file && this.#act.photo(file, this.input.value.trim())) this.write("");
  };

  #typed = (event) => {
    // The Enter that ends a composition is not meant for the form; 229 is what Safari says then.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.input.form.requestSubmit();
  };

  #grow = () => {
    this.input.style.height = "auto";
    this.input.style.height = `${this.input.scrollHeight + 2}px`;
  };

  #escape = (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    const asking = this.trouble.querySelector(".danger");
    // In a page that it is a part of, Escape is the page's where there is nothing to leave.
    if (this.#inline && !this.menu.open && !asking) return;
    event.preventDefault();
    event.stopPropagation();
    if (this.menu.open) {
      this.menu.open = false;
      this.menu.querySelector("summary").focus();
    } else if (asking) {
      replace(this.trouble);
      this.input.focus();
    } else {
      this.#act.close();
    }
  };
}
