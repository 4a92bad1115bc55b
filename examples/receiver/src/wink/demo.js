// A stand-in for the widget, with all callbacks and UI events that it has.

import { CALLBACKS, forwardCallbacks } from "./wink.js";

const ACCOUNT = { accountId: "a-1", userId: "u-1", providerId: "abccorp" };
const PAYLOADS = {
  onAccountCreated: ACCOUNT,
  onAccountConnected: ACCOUNT,
  onAccountRemoved: ACCOUNT,
  onAccountError: { ...ACCOUNT, errorCode: "ACCOUNT_LOCKED" },
  onTokenExpired: undefined,
  onClose: { reason: "close" },
  onUploadsCreated: { uploads: [{ fileType: "payslip", count: 2 }], userId: "u-1" },
  onUploadsRemoved: { uploads: [{ fileType: "payslip", count: 1 }], userId: "u-1" },
};
const UI_EVENTS = {
  ConsentPageOpened: {}, ProviderListPageOpened: {},
  LoginPageOpened: { providerId: "abccorp" }, MfaPageOpened: { providerId: "abccorp" },
  ConnectSuccessPageOpened: { providerId: "abccorp", accountId: "a-1" },
  AccountRevokePageOpened: { providerId: "abccorp", accountId: "a-1" },
  LoginOptionsPageOpened: {}, EmployerSurveyPageOpened: {}, FileTypeListPageOpened: {},
  FileTypePageOpened: {}, ArchiveSuccessPageOpened: {}, RevokeArchivePageOpened: {},
};

/** Calls the page as the widget does. */
class StandIn {
  constructor(options) {
    this.options = options;
  }

  call(callback, payload) {
    this.options[callback]?.(payload);
  }
}

const byId = (id) => document.getElementById(id);
let called = 0;
const widget = new StandIn(forwardCallbacks({
  // The page's own callbacks go on as before.
  onAccountConnected: (account) => { byId("called").textContent = `${account.accountId} is connected`; },
}));

function call(callback, payload) {
  called += 1;
  byId("called").textContent = `${called} called`;
  widget.call(callback, payload);
}

function uiEvent(eventName) {
  const { providerId, accountId } = UI_EVENTS[eventName];
  const account = providerId ? { providerId, accountId } : undefined;
  call("onUIEvent", { eventName, eventTime: new Date().toISOString(), mode: "SANDBOX", userId: "u-1", account });
}

function offer(place, text, onclick) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  button.onclick = onclick;
  byId(place).append(button);
  return onclick;
}

const plain = CALLBACKS.filter((callback) => callback !== "onUIEvent");
const calls = [
  ...plain.map((callback) => offer("callbacks", callback, () => call(callback, PAYLOADS[callback]))),
  ...Object.keys(UI_EVENTS).map((name) => offer("ui-events", name, () => uiEvent(name))),
];
byId("all").onclick = () => calls.forEach((one) => one());

let last = 0;
async function look() {
  try {
    for (const line of await (await fetch(`callbacks?after=${last}`)).json()) {
      const item = document.createElement("li");
      item.textContent = `${line.callback} ${JSON.stringify(line.payload)}`;
      byId("received").prepend(item);
      last = line.seq;
    }
  } catch {
    // The receiver is away; the next look may find it.
  }
  setTimeout(look, 500);
}
look();
