// Where the merchant sends those who search for something: the page of a sale, say.

const ARRIVED = "#redirected";

/**
 * Go there, if it is an address to go to. The search leaves no trace in the history, or Back
 * would lead here and away again; and who was sent here is not sent on, or two redirects that
 * name each other would never end.
 *
 * @param {string | undefined} uri a path of this shop, or an http(s) address
 * @returns {boolean} whether this page is being left
 */
export function follow(uri) {
  const target = uri && location.hash !== ARRIVED && destination(uri);
  if (!target) return false;
  const here = new URL(location.href);
  if (target.origin === here.origin) {
    if (target.pathname + target.search === here.pathname + here.search) return false;
    if (target.pathname === here.pathname) target.hash = ARRIVED;
  }
  location.replace(target);
  return true;
}

function destination(uri) {
  if (!URL.canParse(uri, location.origin)) return null;
  const target = new URL(uri, location.origin);
  return ["http:", "https:"].includes(target.protocol) ? target : null;
}
