// Forwards the callbacks of the Wink widget (SmileLinkModal) to your server.
//
//   import { forwardCallbacks } from "/wink.js";
//
//   new SmileLinkModal(forwardCallbacks({
//     apiHost, userToken,
//     onAccountConnected: (account) => showProgress(account), // yours run as before
//   })).open();
//
// Each call is posted as `{"callback": .., "payload": ..}`, in order, without cookies, and with
// nothing added. Calls wait while the browser is offline or the server does not answer, and leave
// with the page when it closes. Your server gets hints, not facts: anybody can send them.

/** All callbacks of the widget. */
export const CALLBACKS = [
  "onAccountCreated", "onAccountConnected", "onAccountRemoved", "onAccountError", "onTokenExpired",
  "onClose", "onUploadsCreated", "onUploadsRemoved", "onUIEvent",
];

/**
 * Takes the widget's options, and returns them with every callback forwarded. A callback of yours
 * runs first, and what it returns or throws is the widget's as before.
 *
 * `url` is where to post to, `/callbacks/wink` by default.
 */
export function forwardCallbacks(options = {}, { url = "/callbacks/wink" } = {}) {
  const queue = new Queue(url);
  const forwarded = { ...options };
  for (const callback of CALLBACKS) {
    const own = options[callback];
    forwarded[callback] = function (...args) {
      try {
        return own?.apply(this, args);
      } finally {
        queue.add(callback, args[0]);
      }
    };
  }
  return forwarded;
}

/** The longest body that the receiver takes, and the most calls that wait. */
const MOST_BYTES = 16 << 10;
const MOST_WAITING = 100;
const [SHORTEST_PAUSE, LONGEST_PAUSE] = [1000, 60_000];

class Queue {
  #url;
  #waiting = [];
  #sending = false;
  #pause = SHORTEST_PAUSE;
  #timer;

  constructor(url) {
    this.#url = url;
    addEventListener("online", () => this.#send());
    addEventListener("pagehide", () => this.#leave());
    // A phone may end a hidden page without a word.
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.#send();
    });
  }

  /** A fault here is never the widget's. */
  add(callback, payload) {
    try {
      const body = JSON.stringify({ callback, payload });
      if (new Blob([body]).size > MOST_BYTES) {
        console.warn(`wink.js: ${callback} is longer than ${MOST_BYTES} bytes and is not forwarded`);
        return;
      }
      this.#waiting.push({ callback, body });
      if (this.#waiting.length > MOST_WAITING) this.#waiting.shift();
      this.#send();
    } catch (error) {
      console.warn(`wink.js: ${callback} is not forwarded:`, error);
    }
  }

  /** One at a time, so that the server sees them in order. */
  async #send() {
    if (this.#sending || navigator.onLine === false) return;
    clearTimeout(this.#timer);
    this.#sending = true;
    while (this.#waiting.length > 0) {
      const first = this.#waiting[0];
      const status = await this.#post(first.body).then((response) => response.status, () => 0);
      if (status === 0 || status === 429 || status >= 500) {
        this.#timer = setTimeout(() => this.#send(), this.#pause);
        this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
        break;
      }
      if (status >= 400) console.warn(`wink.js: ${this.#url} answered ${status} to ${first.callback}`);
      this.#pause = SHORTEST_PAUSE;
      this.#take(first);
    }
    this.#sending = false;
  }

  /** The page closes: what waits is handed to the browser, which sends it afterwards. */
  #leave() {
    // The first may be under way already; its request outlives the page.
    const rest = this.#sending ? this.#waiting.slice(1) : this.#waiting;
    for (const { body } of rest) {
      if ("keepalive" in Request.prototype) this.#post(body).catch(() => {});
      else navigator.sendBeacon(this.#url, new Blob([body], { type: "application/json" }));
    }
    // A page that comes back from the browser's cache does not send them again.
    this.#waiting = this.#sending ? this.#waiting.slice(0, 1) : [];
  }

  #post(body) {
    return fetch(this.#url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body,
      keepalive: true,
      credentials: "omit",
      referrerPolicy: "no-referrer",
    });
  }

  /** It may be gone already, where newer ones took its place. */
  #take(sent) {
    const at = this.#waiting.indexOf(sent);
    if (at >= 0) this.#waiting.splice(at, 1);
  }
}
