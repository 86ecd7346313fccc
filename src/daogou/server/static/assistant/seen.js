// Which cards were on the screen: half of one has to have been in view.

const SETTLE_MS = 600;

export class Seen {
  #tell;
  #turns = new WeakMap(); // card -> the turn that shows it
  #waiting = new Map(); // turn -> ids of products
  #timer = 0;
  #observer = new IntersectionObserver((entries) => this.#look(entries), { threshold: 0.5 });

  /** `tell(turnId, ids)` resolves when the shop knows; what it does not get to know is told again. */
  constructor(tell) {
    this.#tell = tell;
  }

  /** Look out for the cards of an answer. */
  watch(message, turnId) {
    for (const card of message.querySelectorAll(".card")) {
      this.#turns.set(card, turnId);
      this.#observer.observe(card);
    }
  }

  /** Tell now: the page, or the conversation, is being left. */
  flush() {
    clearTimeout(this.#timer);
    const told = [...this.#waiting];
    this.#waiting.clear();
    for (const [turnId, ids] of told) {
      this.#tell(turnId, ids).catch(({ code }) => {
        if (!(code >= 400 && code < 500)) this.#wait(turnId, ids);
      });
    }
  }

  /** Forget what was not told yet, and look no further. */
  stop() {
    clearTimeout(this.#timer);
    this.#waiting.clear();
    this.#observer.disconnect();
  }

  #look(entries) {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      this.#observer.unobserve(target);
      this.#wait(this.#turns.get(target), [target.dataset.id]);
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.flush(), SETTLE_MS);
    }
  }

  #wait(turnId, ids) {
    this.#waiting.set(turnId, [...new Set([...(this.#waiting.get(turnId) ?? []), ...ids])]);
  }
}
