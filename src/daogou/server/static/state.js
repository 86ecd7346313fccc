// What this browser remembers: who shops, in which language, and the carts.

const memory = new Map();

function read(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return memory.get(key) ?? null; // storage is blocked: remember for this page
  }
}

function write(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    memory.set(key, value);
  }
}

export function readJson(key, fallback) {
  try {
    return JSON.parse(read(key)) ?? fallback;
  } catch {
    return fallback;
  }
}

export function writeJson(key, value) {
  write(key, JSON.stringify(value));
}

/** A random UUID; crypto.randomUUID exists on HTTPS and localhost only. */
export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

/** The anonymous visitor of this browser. */
export function ownVisitor() {
  let id = read("daogou.visitor");
  if (!id) {
    id = `web-${uuid()}`;
    write("daogou.visitor", id);
  }
  return id;
}

export function forgetOwnVisitor() {
  write(`daogou.cart.${ownVisitor()}`, null);
  write("daogou.visitor", null);
}

/** Who shops: one of the shop's known visitors, or the anonymous one. */
export function visitor() {
  return read("daogou.shopAs") || ownVisitor();
}

export function shopAs(visitorId) {
  write("daogou.shopAs", visitorId === ownVisitor() ? null : visitorId);
}

/** The chosen language, or the first of the browser's that is among `spoken`, or undefined. */
export function preferredLanguage(spoken) {
  const wanted = [read("daogou.language"), ...navigator.languages.map((tag) => tag.split("-")[0])];
  return wanted.find((code) => spoken.includes(code));
}

export function chooseLanguage(code) {
  write("daogou.language", code);
}

/** The cart's lines, [{id, variantId, quantity}], as they were put in. */
export function cart() {
  const lines = readJson(`daogou.cart.${visitor()}`, []);
  return Array.isArray(lines) ? lines.filter((line) => line?.id && line.quantity > 0) : [];
}

export function saveCart(lines) {
  writeJson(`daogou.cart.${visitor()}`, lines);
  window.dispatchEvent(new Event("daogou:cart"));
}

export function cartCount() {
  return cart().reduce((sum, line) => sum + line.quantity, 0);
}

/** Change a line's quantity by `difference`; a line that falls to 0 goes. */
export function changeCart(id, variantId, difference) {
  const lines = cart();
  let line = lines.find((l) => l.id === id && (l.variantId ?? null) === (variantId ?? null));
  if (!line) {
    line = { id, variantId: variantId ?? null, quantity: 0 };
    lines.push(line);
  }
  line.quantity = Math.min(999, line.quantity + difference);
  saveCart(lines.filter((l) => l.quantity > 0));
}
