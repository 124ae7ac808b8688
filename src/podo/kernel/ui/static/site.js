// What a page gains with script: keys, copying, forms that are sent once, the query's paint. Nothing here is needed to read or send.
(() => {
  "use strict";
  const words = JSON.parse(document.body.dataset.words);
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const typing = (element) => element.matches("input, textarea, select, [contenteditable]");

  // --- keys ---
  let pending = "";
  let focused = null;

  const rows = () => all("[data-row]").filter((row) => row.offsetParent);
  const move = (by) => {
    const list = rows();
    if (!list.length) return;
    const at = list.indexOf(focused);
    focused?.classList.remove("is-focus");
    focused = list[Math.max(0, Math.min(list.length - 1, at < 0 ? (by > 0 ? 0 : list.length - 1) : at + by))];
    focused.classList.add("is-focus");
    focused.scrollIntoView({ block: "nearest" });
  };
  const focusOn = (selector) => {
    const input = all(selector).find((found) => found.offsetParent);
    input?.focus();
    input?.setSelectionRange?.(input.value.length, input.value.length);
    return Boolean(input);
  };
  const close = () => {
    const open = all("details.Menu[open]").pop();
    if (open) {
      open.open = false;
      one("summary", open).focus();
      return true;
    }
    const link = all("[data-close]").find((it) => it.getClientRects().length);
    link?.click();
    return Boolean(link);
  };
  const goes = {
    "g h": () => "/",
    "g o": () => tab(0),
    "g d": () => tab("deployments"),
    "g w": () => tab("workloads"),
    "g c": () => tab("cronjobs"),
    "g s": () => tab("settings"),
  };
  const tab = (which) => {
    const links = all(".AppHead .UnderlineNav-item");
    return (which === 0 ? links[0] : links.find((link) => link.pathname.endsWith(`/${which}`)))?.href;
  };
  const acts = {
    "/": () => focusOn("[data-query]") || focusOn("[data-search]"),
    t: () => focusOn("[data-filter]"),
    j: () => move(1),
    k: () => move(-1),
    Enter: () => focused?.isConnected && one("a[href]", focused)?.click(),
    "?": () => one("#keys").showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Escape") {
      if (one("dialog[open]")) return;
      if (typing(event.target)) return event.target.blur();
      if (close()) event.preventDefault();
      return;
    }
    if (typing(event.target) || one("dialog[open]")) return;
    if (event.key === "Enter" && event.target !== document.body) return;
    const keys = pending ? `${pending} ${event.key}` : event.key;
    pending = !pending && event.key === "g" ? "g" : "";
    // A row that one stands on comes first: each of several may have the same keys.
    const near = focused?.isConnected ? all("[data-key]", focused) : [];
    const link = [...near, ...all("[data-key]")].find((found) => found.dataset.key === keys && found.offsetParent && !found.disabled);
    const address = goes[keys]?.();
    if (link) link.click();
    else if (address) location.assign(address);
    else if (acts[keys]) acts[keys]();
    else return;
    event.preventDefault();
  });

  // --- menus: one at a time, closed by a click elsewhere ---
  document.addEventListener("click", (event) => {
    for (const menu of all("details.Menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });

  // --- copying ---
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copy || location.href);
    const before = button.getAttribute("aria-label");
    button.classList.add("is-done");
    button.setAttribute("aria-label", words.copied);
    setTimeout(() => {
      button.classList.remove("is-done");
      button.setAttribute("aria-label", before);
    }, 1500);
  });

  // --- forms are sent once; the button says what is asked for until the next page is there ---
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-once]") || event.defaultPrevented) return;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "1";
    const button = event.submitter;
    if (!button) return;
    button.setAttribute("aria-busy", "true");
    const label = one(".Button-label", button);
    if (label && button.dataset.busy) label.textContent = button.dataset.busy;
    one(".octicon", button)?.classList.add("spin");
  });
  // A page that the browser took from its memory may be sent again.
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    for (const form of all("[data-sent]")) delete form.dataset.sent;
    for (const button of all("button[aria-busy]")) button.removeAttribute("aria-busy");
  });

  // --- query box ---
  const paint = (input) => {
    const copy = one(".Query-paint", input.parentElement);
    copy.replaceChildren();
    let at = 0;
    for (const part of input.value.matchAll(/[^\s:]+:(?:"[^"]*"?|\S+)/g)) {
      const mark = document.createElement("b");
      mark.textContent = part[0];
      copy.append(input.value.slice(at, part.index), mark);
      at = part.index + part[0].length;
    }
    copy.append(input.value.slice(at));
    copy.scrollLeft = input.scrollLeft;
  };
  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-query]")) paint(event.target);
    if (event.target.matches("[data-filter]")) filter(event.target);
  });
  document.addEventListener("scroll", (event) => event.target.matches?.("[data-query]") && paint(event.target), true);

  // `data-filter="#files"`: hide the `data-name`s in there that do not hold what was typed.
  const filter = (input) => {
    const wanted = input.value.toLowerCase();
    for (const item of all(`${input.dataset.filter} [data-name]`)) item.hidden = !item.dataset.name.toLowerCase().includes(wanted);
  };

  // --- lines of a log in the address: #L5, #L5-L9 ---
  const pick = (scroll) => {
    const [, from, to] = /^#L(\d+)(?:-L(\d+))?$/.exec(location.hash) || [];
    for (const line of all("[data-log] .pick")) line.classList.remove("pick");
    if (!from) return;
    for (let n = +from; n <= +(to || from); n++) document.getElementById(`L${n}`)?.classList.add("pick");
    if (scroll) document.getElementById(`L${from}`)?.scrollIntoView({ block: "center" });
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest('[data-log] a[href^="#L"]');
    const first = /^#L(\d+)/.exec(location.hash)?.[1];
    if (!link || !event.shiftKey || !first) return;
    event.preventDefault();
    const [from, to] = [+first, +link.hash.slice(2)].sort((a, b) => a - b);
    history.replaceState(null, "", `#L${from}-L${to}`);
    pick(false);
  });
  window.addEventListener("hashchange", () => pick(false));
  // What is written last is what one comes for, unless the address names a line.
  if (!/^#L\d/.test(location.hash)) for (const log of all("[data-log].Log--follow")) log.scrollTop = log.scrollHeight;
  pick(true);
})();
