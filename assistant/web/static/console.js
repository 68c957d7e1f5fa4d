"use strict";
// Small helpers of the console: refreshing parts of a page, asking before a deed, and the phones of the simulator.

const csrf = document.body.dataset.csrf || "";

function atEnd(element) {
  return element.scrollHeight - element.scrollTop - element.clientHeight < 80;
}

function refresh(element) {
  const every = Number(element.dataset.every || 3000);
  let last = null;
  if ("follow" in element.dataset) element.scrollTop = element.scrollHeight;
  async function look() {
    if (!document.hidden) {
      try {
        const answer = await fetch(element.dataset.refresh, { headers: { "X-CSRF-Token": csrf } });
        if (answer.status === 401) { location.reload(); return; }
        if (answer.ok) {
          const text = await answer.text();
          if (last !== null && text !== last) {
            const follow = "follow" in element.dataset && atEnd(element);
            element.innerHTML = text;
            if (follow) element.scrollTop = element.scrollHeight;
          }
          last = text;
          if (answer.headers.get("X-Finished") === "1" && "until" in element.dataset) { location.reload(); return; }
        }
      } catch { /* The service is away for a moment; the next look tells. */ }
    }
    setTimeout(look, every);
  }
  setTimeout(look, every);
}

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

class Phone {
  constructor(element) {
    this.element = element;
    this.screen = element.querySelector("[data-screen]");
    this.tasks = element.querySelector("[data-tasks]");
    this.form = element.querySelector("[data-say]");
    this.trouble = element.querySelector("[data-trouble]");
    this.shown = "";
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.say(); });
    this.screen.addEventListener("click", (event) => this.choose(event));
    this.screen.scrollTop = this.screen.scrollHeight;
    this.look();
  }

  async post(path, form) {
    this.trouble.hidden = true;
    const answer = await fetch(path, { method: "POST", body: new URLSearchParams(form), headers: { Accept: "application/json", "X-CSRF-Token": csrf } });
    const data = await answer.json();
    if (answer.ok) this.show(data);
    else { this.trouble.textContent = data.error.message; this.trouble.hidden = false; }
    return answer.ok;
  }

  async say(text, menu) {
    const form = new FormData(this.form);
    if (text) { form.set("text", text); form.set("menu", menu); }
    const box = this.form.elements.text;
    if (!text) box.value = "";
    const good = await this.post("/phones/say", form);
    if (!good && !text) box.value = form.get("text");
    box.focus();
  }

  choose(event) {
    const button = event.target.closest("[data-choice]");
    if (button) this.say(button.textContent, button.dataset.choice);
    const key = event.target.closest("[data-press]");
    if (key) this.press(key);
  }

  press(button) {
    const chosen = [...button.closest(".bubble").querySelectorAll("select")].flatMap(
      (one) => [...one.selectedOptions].filter((option) => option.value).map((option) => `${one.name}=${option.value}`));
    const form = new FormData(this.form);
    form.set("msgid", button.dataset.card);
    form.set("key", button.dataset.press);
    form.set("options", chosen.join("&"));
    this.post("/phones/press", form);
  }

  async look() {
    if (!document.hidden) {
      const query = new URLSearchParams({ tab: this.element.dataset.tab, id: this.element.dataset.id });
      try {
        const answer = await fetch(`/phones/data?${query}`, { headers: { Accept: "application/json" } });
        if (answer.status === 401) { location.reload(); return; }
        if (answer.ok) this.show(await answer.json());
      } catch { /* The next look tells. */ }
    }
    setTimeout(() => this.look(), 1000);
  }

  show(data) {
    const text = JSON.stringify(data);
    if (text === this.shown) return;
    this.shown = text;
    const follow = atEnd(this.screen);
    if (data.bubbles.length) this.screen.replaceChildren(...data.bubbles.map((bubble) => this.bubble(bubble)));
    if (follow) this.screen.scrollTop = this.screen.scrollHeight;
    this.tasks.replaceChildren(...data.tasks.map((task) => this.task(task)));
  }

  bubble(one) {
    const made = make("div", `bubble ${one.mine ? "mine" : "theirs"}`);
    if (one.name) made.append(make("small", "name", one.name));
    made.append(make("p", one.waiting ? "waiting" : "", one.text));
    for (const choice of one.choices) {
      const button = make("button", "choice", choice.text);
      button.type = "button";
      button.dataset.choice = choice.id;
      made.append(button);
    }
    for (const question of one.questions) made.append(this.question(question));
    for (const one_button of one.buttons) {
      const button = make("button", "choice", one_button.text);
      button.type = "button";
      button.dataset.press = one_button.key;
      button.dataset.card = one.msgid;
      made.append(button);
    }
    made.append(make("small", "", one.at));
    return made;
  }

  question(one) {
    const label = make("label", "", one.title);
    const select = make("select");
    select.name = one.key;
    select.multiple = one.many;
    for (const option of one.options) select.append(new Option(option.text, option.id));
    label.append(select);
    return label;
  }

  task(one) {
    const made = make("div", "task");
    made.append(make("p", "", one.text), make("small", "quiet", `${one.at} · ${one.targets} ${this.tasks.dataset.people}`));
    const button = make("button", "main", one.sent ? this.tasks.dataset.done : this.tasks.dataset.word);
    button.disabled = one.sent;
    button.addEventListener("click", () => {
      button.disabled = true;
      this.post("/phones/confirm", { id: this.element.dataset.id, task: one.id, csrf });
    });
    made.append(button);
    return made;
  }
}

document.querySelectorAll("[data-refresh]").forEach(refresh);
document.querySelectorAll("[data-pick]").forEach((select) => select.addEventListener("change", () => select.form.submit()));
document.querySelectorAll("[data-phone]").forEach((element) => new Phone(element));
document.querySelectorAll("form[data-confirm]").forEach((form) => form.addEventListener("submit", (event) => {
  if (!window.confirm(form.dataset.confirm)) event.preventDefault();
}));
document.querySelectorAll("form").forEach((form) => form.addEventListener("submit", (event) => {
  if (event.defaultPrevented || form.method === "get") return;
  setTimeout(() => form.querySelectorAll("button").forEach((button) => { button.disabled = true; }), 0);
}));
document.querySelectorAll("[data-enter]").forEach((box) => box.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); box.form.requestSubmit(); }
}));
document.querySelectorAll("[data-example]").forEach((button) => button.addEventListener("click", () => {
  const box = document.getElementById(button.dataset.example);
  box.value = button.textContent.trim();
  box.focus();
}));
document.querySelector('.nav a[aria-current]')?.scrollIntoView({ block: "nearest", inline: "center" });
