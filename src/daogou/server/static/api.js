// The shop's API.

import { lang } from "./words.js";
import { visitor } from "./state.js";

export class ApiError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

async function call(method, path, body, options = {}) {
  const response = await fetch(path, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
    ...options,
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new ApiError(response.status, answer.error?.message ?? response.statusText);
  return answer;
}

const path = (id) => id.split("/").map(encodeURIComponent).join("/");
const inLanguage = () => `languageCode=${lang()}`;

/** What the shop needs to open, in a language, or in its own where that is undefined. */
export function storefront(languageCode) {
  return call("GET", languageCode ? `/v1/storefront?languageCode=${languageCode}` : "/v1/storefront");
}

export function search(request) {
  return call("POST", "/v1/search", { visitorId: visitor(), languageCode: lang(), ...request });
}

/** Suggestions for what was typed so far. */
export function complete(text, signal) {
  // More would be refused; nobody's 256th letter changes what is suggested.
  const query = Array.from(text).slice(0, 256).join("");
  return call("GET", `/v1/completeQuery?${new URLSearchParams({ query, languageCode: lang() })}`, undefined, { signal });
}

/** Ask for a list; `about` are the products that the page is about, [{id, quantity}]. */
export function recommend(placement, { about = [], pageSize = 12, anonymous = false } = {}) {
  return call("POST", "/v1/recommend", {
    placement,
    userEvent: {
      eventType: "recommend",
      ...(anonymous ? {} : { visitorId: visitor() }),
      productDetails: about.map(({ id, quantity = 1 }) => ({ product: { id }, quantity })),
    },
    pageSize,
    languageCode: lang(),
  });
}

export function product(id) {
  return call("GET", `/v1/products/${path(id)}?${inLanguage()}`);
}

export function products(ids) {
  if (ids.length === 0) return Promise.resolve({ products: [], missing: [] });
  const query = ids.map((id) => `ids=${encodeURIComponent(id)}`).join("&");
  return call("GET", `/v1/products?${query}&${inLanguage()}`);
}

/** What the shop knows beside a product: {articles, questions}. */
export function knowledgeOf(productId) {
  return call("GET", `/v1/knowledge?${new URLSearchParams({ productId, languageCode: lang() })}`);
}

/** What is worth asking the assistant about a product: {questions}. */
export function questionsAbout(productId) {
  return call("GET", `/v1/questions?${new URLSearchParams({ productId, languageCode: lang() })}`);
}

export function article(id) {
  return call("GET", `/v1/knowledge/${path(id)}?${inLanguage()}`);
}

/** `keepalive` lets the request outlive the page that sends it. */
export function sendEvents(userEvents) {
  return call("POST", "/v1/events", { userEvents }, { keepalive: true });
}

export function visitorEvents(limit) {
  return call("GET", `/v1/visitors/${path(visitor())}/events?limit=${limit}&${inLanguage()}`);
}

export function eraseVisitor() {
  return call("DELETE", `/v1/visitors/${path(visitor())}`);
}
