// The page around the element: where its keyboard is, and what its tab remembers.

/** What has the keyboard, in whichever shadow. */
export function deepActive() {
  let active = document.activeElement;
  while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
  return active;
}

/** What this tab remembers. */
export function read(key) {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

export function write(key, value) {
  try {
    if (value === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, value);
  } catch {
    // storage is blocked: a reload finds the panel closed
  }
}
