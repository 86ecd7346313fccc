// The assistant's own words; several languages can be spoken on one page.

import { countedIn, filled, moneyIn } from "../format.js";

const SPOKEN = ["en", "zh"];
const tables = new Map();

/** The language that is spoken to someone who reads `tag` ("zh-CN" is "zh"), undefined for none. */
export function spokenFor(tag) {
  const primary = tag?.toLowerCase().split(/[-_]/)[0];
  return SPOKEN.find((code) => code === primary);
}

/** The words of a language that is spoken: {code, tag, t, counted, money}. */
export function wordsIn(code) {
  if (!tables.has(code)) {
    const loading = load(code);
    loading.catch(() => tables.delete(code)); // the next one who asks tries again
    tables.set(code, loading);
  }
  return tables.get(code);
}

async function load(code) {
  const response = await fetch(new URL(`./text/${code}.json`, import.meta.url));
  const table = await response.json();
  return {
    code,
    tag: code === "zh" ? "zh-CN" : "en-US",
    t: (key, values) => filled(table[key], values),
    counted: (key, count) => countedIn(code, table, key, count),
    money: (price) => moneyIn(code, price),
  };
}
