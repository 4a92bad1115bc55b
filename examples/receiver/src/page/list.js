// The list of deliveries, newest first. Only the rows in sight are in the document.

import { badge, clockTime, duration, element, statusWords, timeOf, typeWords } from "./dom.js";

const BEYOND = 6;

export class List {
  /** Rows of the list, oldest first; the first shown is the last of them. */
  #rows = [];
  #active = null;
  #chosen = null;
  #inSight = new Map();
  #height = 30;
  #scheduled = false;

  /** `onChoose` gets the row to open, or `null` to close it. */
  constructor(frame, onChoose) {
    this.frame = frame;
    this.ground = frame.firstElementChild;
    this.onChoose = onChoose;
    frame.addEventListener("scroll", () => this.#schedule(), { passive: true });
    frame.addEventListener("keydown", (event) => this.#onKey(event));
    frame.addEventListener("focus", () => {
      if (this.#indexOf(this.#active) < 0 && this.#rows.length > 0) this.#activate(0);
    });
    this.ground.addEventListener("click", (event) => {
      const row = event.target.closest("[role=option]");
      if (row) this.#activate(this.#indexOf(Number(row.dataset.seq)), { open: true });
    });
    new ResizeObserver(() => { this.#measure(); this.#schedule(); }).observe(frame);
    this.#measure();
  }

  /** Shows other rows; `added` of them are new at the top, and what is in sight stays there. */
  show(rows, added = 0) {
    const { scrollTop } = this.frame;
    this.#rows = rows;
    this.ground.style.height = `${rows.length * this.#height}px`;
    if (added > 0 && scrollTop > 0) this.frame.scrollTop = scrollTop + added * this.#height;
    this.fresh = added > 0 && scrollTop === 0 ? added : 0;
    this.#schedule();
  }

  /** Marks the row whose detail is open. */
  mark(seq) {
    this.#chosen = seq;
    if (seq !== null) this.#active = seq;
    this.#schedule();
  }

  #at(index) {
    return this.#rows[this.#rows.length - 1 - index];
  }

  /** Sequence numbers ascend, so the place is found by halves. */
  #indexOf(seq) {
    let [low, high] = [0, this.#rows.length - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = this.#rows[middle].seq;
      if (found === seq) return this.#rows.length - 1 - middle;
      if (found < seq) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  #onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(this.frame.clientHeight / this.#height) - 1);
    const now = this.#indexOf(this.#active);
    const to = {
      ArrowDown: now + 1, ArrowUp: now - 1, PageDown: now + page, PageUp: now - page,
      Home: 0, End: this.#rows.length - 1,
    }[event.key];
    if (to !== undefined) {
      this.#activate(to, { open: this.#chosen !== null });
    } else if (event.key === "Enter" || event.key === " ") {
      this.#activate(now, { open: true });
    } else if (event.key === "Escape" && this.#chosen !== null) {
      this.onChoose(null);
    } else {
      return;
    }
    event.preventDefault();
  }

  #activate(index, { open = false } = {}) {
    if (this.#rows.length === 0) return;
    const row = this.#at(Math.min(Math.max(index, 0), this.#rows.length - 1));
    this.#active = row.seq;
    const top = this.#indexOf(row.seq) * this.#height;
    const { frame } = this;
    if (top < frame.scrollTop) frame.scrollTop = top;
    const lowest = top + this.#height - frame.clientHeight;
    if (lowest > frame.scrollTop) frame.scrollTop = lowest;
    this.#render();
    if (open) this.onChoose(row);
  }

  #measure() {
    const height = Number.parseFloat(getComputedStyle(this.frame).getPropertyValue("--row"));
    if (height && height !== this.#height) {
      this.#height = height;
      this.ground.style.height = `${this.#rows.length * height}px`;
    }
  }

  #schedule() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#render();
    });
  }

  #render() {
    const { frame, ground } = this;
    const first = Math.max(0, Math.floor(frame.scrollTop / this.#height) - BEYOND);
    const beyond = first + Math.ceil(frame.clientHeight / this.#height) + 2 * BEYOND;
    const last = Math.min(this.#rows.length, beyond);
    const before = this.#inSight;
    this.#inSight = new Map();
    for (let index = first; index < last; index += 1) {
      const row = this.#at(index);
      const made = before.get(row) ?? ground.appendChild(rowElement(row));
      before.delete(row);
      this.#inSight.set(row, made);
      made.style.top = `${index * this.#height}px`;
      made.ariaPosInSet = index + 1;
      made.ariaSetSize = this.#rows.length;
      made.ariaSelected = row.seq === this.#chosen;
      made.classList.toggle("active", row.seq === this.#active);
      made.classList.toggle("new", index < this.fresh);
    }
    for (const gone of before.values()) gone.remove();
    this.fresh = 0;
    const active = this.#indexOf(this.#active);
    if (active >= first && active < last) frame.setAttribute("aria-activedescendant", `row-${this.#active}`);
    else frame.removeAttribute("aria-activedescendant");
  }
}

function rowElement(row) {
  const cell = (className, text) => element("span", { className, title: text }, text);
  const made = element(
    "div", { className: "row", role: "option", id: `row-${row.seq}` },
    element("span", { className: "time", title: timeOf(row) ?? "" }, clockTime(timeOf(row))),
    element("span", { className: "out" }, badge(row)),
    cell("status", statusWords(row)),
    cell("of", row.vendor),
    type(row),
    cell("id", row.id ?? row.reason ?? ""),
    cell("attempt", row.attempt > 1 ? `×${row.attempt}` : ""),
    cell("ms", duration(row.durationMs)),
  );
  made.dataset.seq = row.seq;
  return made;
}

function type(row) {
  const words = typeWords(row);
  const made = element("span", { className: row.type ? "type" : "type quiet", title: words }, words);
  if (row.known === false) made.append(element("small", {}, " (unknown)"));
  return made;
}
