// What the shopper does, told to the shop.
//
// An event waits in an outbox until the shop has it, across pages and lost connections. Its
// eventId makes a repeat harmless.

import { sendEvents } from "./api.js";
import { readJson, uuid, visitor, writeJson } from "./state.js";

const OUTBOX = "daogou.outbox";
const MAX_WAITING = 200;
const SETTLE_MS = 600;

/**
 * Record an event, and resolve when the shop has it (or cannot be reached just now).
 *
 * lines: [{id, quantity, variantId, price, position, placement, propensity}];
 * list: the answer {attributionToken, policyId} that the products came from.
 */
export async function record(eventType, { lines = [], query, list } = {}) {
  const event = {
    eventType,
    visitorId: visitor(),
    eventId: uuid(),
    eventTime: new Date().toISOString(),
    productDetails: lines.map(detail),
    ...(query ? { searchQuery: query } : {}),
    ...(list?.attributionToken ? { attributionToken: list.attributionToken } : {}),
    ...(list?.policyId ? { policyId: list.policyId } : {}),
  };
  writeJson(OUTBOX, [...readJson(OUTBOX, []), event].slice(-MAX_WAITING));
  await flush();
}

function detail({ id, quantity = 1, variantId, price, position, placement, propensity }) {
  return {
    product: { id },
    quantity,
    ...(variantId ? { variantId } : {}),
    ...(price ? { price } : {}),
    ...(position === undefined ? {} : { position }),
    ...(placement ? { placement } : {}),
    ...(propensity === undefined ? {} : { propensity }),
  };
}

async function flush() {
  const waiting = readJson(OUTBOX, []);
  if (waiting.length === 0) return;
  try {
    await sendEvents(waiting);
  } catch (error) {
    // What the shop refuses would be refused again; what it never saw stays for the next time.
    if (!(error.code >= 400 && error.code < 500)) return;
  }
  const sent = new Set(waiting.map((event) => event.eventId));
  writeJson(OUTBOX, readJson(OUTBOX, []).filter((event) => !sent.has(event.eventId)));
}

// ---- impressions: a card counts as shown when half of it was in view

const pending = new Map(); // attributionToken -> {list, lines}
const shown = new WeakMap(); // card -> {list, line}
let timer = 0;

const observer = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      const card = shown.get(target);
      if (!isIntersecting || !card) continue;
      observer.unobserve(target);
      shown.delete(target);
      const { list, line } = card;
      if (!pending.has(list.attributionToken)) pending.set(list.attributionToken, { list, lines: [] });
      pending.get(list.attributionToken).lines.push(line);
      clearTimeout(timer);
      timer = setTimeout(flushImpressions, SETTLE_MS);
    }
  },
  { threshold: 0.5 },
);

/** Report this card once it is seen. */
export function watch(card, list, line) {
  shown.set(card, { list, line });
  observer.observe(card);
}

function flushImpressions() {
  clearTimeout(timer);
  for (const { list, lines } of pending.values()) record("impression", { lines, list });
  pending.clear();
}

addEventListener("pagehide", flushImpressions);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") flushImpressions();
});

// ---- the way from a card to the page behind it

const CLICKED = "daogou.clicked";

/** Remember which list led to a product, for the view event of its page. */
export function rememberClick(id, list, line) {
  const { attributionToken, policyId } = list;
  sessionStorage.setItem(CLICKED, JSON.stringify({ id, attributionToken, policyId, line }));
}

/** The list that led here: {attributionToken, policyId, line}, or null. */
export function clickedFrom(id) {
  try {
    const clicked = JSON.parse(sessionStorage.getItem(CLICKED));
    return clicked?.id === id ? clicked : null;
  } catch {
    return null;
  }
}
