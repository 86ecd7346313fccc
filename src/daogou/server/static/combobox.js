// An editable combobox with a list of suggestions, by the pattern of the ARIA Authoring Practices:
// https://www.w3.org/WAI/ARIA/apg/patterns/combobox/. The focus never leaves the input.

import { h, replace } from "./dom.js";

const SETTLE_MS = 80;
const COMPOSING = 229; // keyCode of a key that belongs to an input method, in browsers old and new

/**
 * What a combobox offers: {label, options: [{content, ...}]}, `content` being what the option
 * shows, a list as h() takes it.
 * @typedef {{label: string, options: {content: any}[]}} Group
 */

export class Combobox {
  #input;
  #popup;
  #suggest;
  #choose;
  #found;
  #options = []; // of the list as it stands: {element, option}
  #active = -1;
  #text = null; // what the list answers
  #asking = null; // AbortController of the request under way
  #timer = 0;
  #composing = false;

  /**
   * @param {HTMLInputElement} input
   * @param {HTMLElement} popup an empty listbox with an id and a name
   * @param {(text: string, signal: AbortSignal) => Promise<Group[]>} suggest
   * @param {(option: object) => void} choose
   * @param {(count: number) => void} found runs when a list is shown
   */
  constructor({ input, popup, suggest, choose, found }) {
    this.#input = input;
    this.#popup = popup;
    this.#suggest = suggest;
    this.#choose = choose;
    this.#found = found;
    popup.hidden = true;
    for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": popup.id, autocomplete: "off" })) input.setAttribute(name, value);
    input.addEventListener("input", () => this.#typed());
    input.addEventListener("keydown", (event) => this.#pressed(event));
    input.addEventListener("blur", () => this.close());
    input.addEventListener("compositionstart", () => {
      this.#composing = true;
      this.#stop();
    });
    input.addEventListener("compositionend", () => {
      this.#composing = false;
      this.#typed();
    });
    // A press on the list must not take the focus out of the input, which would close the list.
    popup.addEventListener("mousedown", (event) => event.preventDefault());
    popup.addEventListener("click", (event) => {
      const element = event.target.closest("[role=option]");
      if (element) this.#take(this.#options.findIndex((o) => o.element === element));
    });
  }

  get expanded() {
    return !this.#popup.hidden;
  }

  close() {
    this.#stop();
    this.#activate(-1);
    this.#popup.hidden = true;
    this.#input.setAttribute("aria-expanded", "false");
  }

  /** Forget what was to be asked, and whatever answer is on its way. */
  #stop() {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    this.#asking = null;
  }

  #typed() {
    if (this.#composing) return; // half a syllable is nothing to search for
    this.#stop();
    this.#activate(-1);
    this.#timer = setTimeout(() => this.#open(), SETTLE_MS);
  }

  /** Show what there is for the text of the moment, asking for it where that is not known yet. */
  async #open() {
    this.#stop();
    const text = this.#input.value.trim();
    if (text !== this.#text) {
      const asking = new AbortController();
      this.#asking = asking;
      // A list that does not come is no trouble worth a word: the search works without.
      const groups = text ? await this.#suggest(text, asking.signal).catch(() => null) : [];
      if (asking.signal.aborted) return; // overtaken by more typing
      this.#fill(groups ?? []);
      this.#text = groups && text;
    }
    const any = this.#options.length > 0;
    this.#popup.hidden = !any;
    this.#input.setAttribute("aria-expanded", String(any));
    if (any) this.#found(this.#options.length);
  }

  #fill(groups) {
    const id = this.#popup.id;
    this.#options = [];
    const shown = groups.map(({ label, options }, g) => {
      const elements = options.map((option) => {
        const element = h("div", { role: "option", class: "option", id: `${id}-${this.#options.length}`, "aria-selected": "false" }, option.content);
        this.#options.push({ element, option });
        return element;
      });
      const heading = h("div", { class: "option-group", id: `${id}-group-${g}`, role: "presentation" }, label);
      return h("div", { role: "group", "aria-labelledby": heading.id }, heading, elements);
    });
    replace(this.#popup, shown);
    this.#popup.scrollTop = 0;
  }

  #activate(place) {
    this.#options[this.#active]?.element.setAttribute("aria-selected", "false");
    this.#active = place;
    const element = this.#options[place]?.element;
    if (!element) {
      this.#input.removeAttribute("aria-activedescendant");
      return;
    }
    element.setAttribute("aria-selected", "true");
    this.#input.setAttribute("aria-activedescendant", element.id);
    // The heading of the first group comes into view along with its first option.
    if (place === 0) this.#popup.scrollTop = 0;
    else element.scrollIntoView({ block: "nearest" });
  }

  #take(place) {
    const { option } = this.#options[place];
    this.close();
    this.#choose(option);
  }

  #pressed(event) {
    if (event.isComposing || event.keyCode === COMPOSING) {
      // The Enter that ends a composition is not meant for the form.
      if (event.key === "Enter") event.preventDefault();
      return;
    }
    const handle = { ArrowDown: this.#step, ArrowUp: this.#step, Enter: this.#enter, Escape: this.#escape, Tab: this.close }[event.key];
    if (handle) handle.call(this, event);
    // Every other key goes to the text: Home and End, arrows to the sides, letters.
    else if (!["Shift", "Control", "Alt", "Meta"].includes(event.key)) this.#activate(-1);
  }

  async #step(event) {
    const down = event.key === "ArrowDown";
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (event.altKey && !down) {
      this.close();
      return;
    }
    if (!this.expanded) {
      await this.#open();
      if (!this.expanded || event.altKey) return;
    }
    // Beyond either end lies the text itself, and beyond that the other end.
    const places = this.#options.length + 1;
    this.#activate(((this.#active + 1 + (down ? 1 : -1) + places) % places) - 1);
  }

  #enter(event) {
    if (this.#active >= 0) {
      event.preventDefault();
      this.#take(this.#active);
    } else {
      this.close();
    }
  }

  #escape(event) {
    event.preventDefault();
    if (this.expanded) {
      this.close();
    } else {
      this.#input.value = "";
      this.#typed();
    }
  }
}
