// Times that stay true, and pieces that follow the news: the stream brings topics, and a piece is read again where it names one.
(() => {
  "use strict";
  const words = JSON.parse(document.body.dataset.words);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const fill = (text, value) => text.replace(/%[sd]/, value);

  // --- times ---
  const age = (seconds) => {
    const [unit, size] = seconds < 60 ? ["s", 1] : seconds < 3600 ? ["min", 60] : seconds < 86400 ? ["h", 3600] : ["d", 86400];
    return fill(words[unit], Math.floor(seconds / size));
  };
  const relative = (time) => {
    const past = (Date.now() - Date.parse(time.dateTime)) / 1000;
    if (Math.abs(past) > 365 * 86400) return;
    const text = age(Math.abs(past));
    if (time.dataset.ago) time.textContent = text;
    else time.textContent = Math.abs(past) < 5 ? words.now : fill(past > 0 ? words.ago : words.soon, text);
  };
  const left = (time) => {
    const seconds = Math.max(0, Math.round((Date.parse(time.dateTime) - Date.now()) / 1000));
    const two = (n) => String(n).padStart(2, "0");
    const hours = Math.floor(seconds / 3600);
    const rest = `${hours ? two(Math.floor(seconds / 60) % 60) : Math.floor(seconds / 60)}:${two(seconds % 60)}`;
    time.textContent = hours ? `${hours}:${rest}` : rest;
  };
  const locales = { en: "en-GB" };
  const shapes = {
    moment: { dateStyle: "medium", timeStyle: "long" },
    hour: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
    clock: { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" },
  };
  const local = (time, shape) => new Intl.DateTimeFormat(locales[document.documentElement.lang] || document.documentElement.lang, shapes[shape]).format(new Date(time.dateTime));
  const place = () => {
    for (const time of all("time[title]")) time.title = local(time, "moment");
    for (const time of all("time[data-at]")) time.textContent = local(time, time.dataset.at);
    tick();
  };
  const tick = () => {
    all("time[data-ago]").forEach(relative);
    all("time[data-countdown]").forEach(left);
  };
  place();
  setInterval(() => all("time[data-countdown]").forEach(left), 1000);
  setInterval(tick, 20000);

  // --- what htmx asks for ---
  document.addEventListener("htmx:config:request", (event) => {
    event.detail.ctx.request.headers["X-CSRF-Token"] = document.body.dataset.csrf;
  });
  document.addEventListener("htmx:after:request", (event) => {
    // A piece that leads elsewhere (the session is over) is for the whole page to follow.
    if (!event.detail.ctx.response.raw.redirected) return;
    event.preventDefault();
    location.reload();
  });
  document.addEventListener("htmx:after:swap", () => place());

  // --- news ---
  const mark = document.getElementById("live");
  const say = (live) => {
    mark.hidden = false;
    mark.classList.toggle("Live--off", !live);
    mark.lastElementChild.textContent = live ? words.live : words.offline;
    mark.title = mark.lastElementChild.textContent;
  };
  // The dot beats once for what came, and is calm otherwise.
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const beat = (dot) => still.matches || dot.getAnimations().length || dot.animate({ opacity: [1, 0.35, 1] }, 1600);
  const waiting = new Map();
  const again = (piece) => {
    clearTimeout(waiting.get(piece));
    waiting.set(piece, setTimeout(() => htmx.ajax("GET", piece.dataset.src, { source: piece, target: piece, swap: "innerMorph" }), 150));
  };
  const hear = (topics) => {
    for (const piece of all("[data-refresh][data-src]")) if (piece.dataset.refresh.split(" ").some((t) => topics.includes(t))) again(piece);
  };
  if (mark) {
    mark.addEventListener("htmx:sse:after:connection", (event) => {
      say(true);
      // What was missed in the log is told; what runs has no position to resume from.
      if (event.detail.connection.attempt) all('[data-refresh*="observed:"][data-src]').forEach(again);
    });
    mark.addEventListener("htmx:sse:before:connection", (event) => event.detail.connection.attempt && say(false));
    mark.addEventListener("htmx:sse:error", () => say(false));
    mark.addEventListener("news", (event) => {
      beat(mark.firstElementChild);
      hear(JSON.parse(event.detail.data));
    });
    document.addEventListener("htmx:error", (event) => event.detail.ctx?.sourceElement === mark && say(false));
  }
  document.addEventListener("htmx:response:error", (event) => event.target.closest("[data-refresh]")?.classList.add("is-stale"));
  document.addEventListener("htmx:before:swap", (event) => event.target.closest("[data-refresh]")?.classList.remove("is-stale"));

  // --- a log that grows stays at its end while the reader is there, and does not grow for ever ---
  const most = 5000;
  document.addEventListener("htmx:before:swap", (event) => {
    const log = event.target.closest?.("[data-log]");
    if (log) log.dataset.end = String(log.scrollHeight - log.scrollTop - log.clientHeight < 40);
  });
  document.addEventListener("htmx:after:swap", (event) => {
    const log = event.target.closest?.("[data-log]");
    if (!log) return;
    while (log.children.length > most) log.firstElementChild.remove();
    if (log.dataset.end === "true") log.scrollTop = log.scrollHeight;
  });
})();
