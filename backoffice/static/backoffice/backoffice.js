/* What makes our pages quicker to use. Every page also works without it. */
(() => {
  "use strict";

  // The selection bar: shown while rows are ticked; ticking the head ticks the page; shift ticks a range.
  const selection = (form) => {
    const bar = form.querySelector("[data-bar]");
    const boxes = [...form.querySelectorAll("input[data-row]")];
    const all = form.querySelector("input[data-all]");
    if (!bar || !boxes.length) return;
    bar.setAttribute("data-scripted", "");
    if (all) all.hidden = false;
    let last = null;
    const renew = () => {
      const number = boxes.filter((box) => box.checked).length;
      bar.toggleAttribute("data-any", number > 0);
      bar.querySelector("[data-number]").textContent = String(number);
      if (all) {
        all.checked = number === boxes.length;
        all.indeterminate = number > 0 && number < boxes.length;
      }
    };
    boxes.forEach((box, place) => {
      box.addEventListener("click", (event) => {
        if (event.shiftKey && last !== null) {
          const [from, to] = [Math.min(last, place), Math.max(last, place)];
          for (const between of boxes.slice(from, to + 1)) between.checked = box.checked;
        }
        last = place;
        renew();
      });
    });
    all?.addEventListener("change", () => {
      for (const box of boxes) box.checked = all.checked;
      renew();
    });
    form.querySelector("[data-clear]")?.addEventListener("click", () => {
      for (const box of boxes) box.checked = false;
      renew();
    });
    // Coming back with the browser's button brings the ticks back as well.
    window.addEventListener("pageshow", renew);
    renew();
  };

  // Whether somebody is writing: then the page must not be taken from under his hands.
  const writing = () => [...document.querySelectorAll("textarea, input.bo-input")].some((field) => field.value !== field.defaultValue);

  // A part of the page that asks for its own next state until it says that it is done.
  const live = (element) => {
    const every = Number(element.dataset.every || 2000);
    let heard = Date.now();
    const again = async () => {
      if (!element.isConnected || element.querySelector("[data-done]")) return;
      if (!document.hidden) {
        try {
          const answer = await fetch(element.dataset.live, { headers: { Accept: "text/html" }, credentials: "same-origin" });
          if (answer.redirected || answer.status === 403) return void location.reload();
          if (answer.ok) {
            element.innerHTML = await answer.text();
            heard = Date.now();
          }
          // The rest of the page speaks of what has just ended.
          if (element.querySelector("[data-done]") && element.hasAttribute("data-reload") && !writing()) return void location.reload();
        } catch { /* The server is away for a moment; the next look may find it. */ }
        // What stands there was true when it came; after a minute without news it says so itself.
        element.querySelectorAll(".bo-unheard").forEach((words) => { words.hidden = Date.now() - heard < 60_000; });
      }
      setTimeout(again, every);
    };
    setTimeout(again, every);
  };

  // Rows of the list can be walked with j and k, ticked with x, opened with Enter; "/" goes to the search field.
  const keys = (form) => {
    const rows = [...form.querySelectorAll("tbody tr")];
    let here = -1;
    const go = (step) => {
      here = Math.max(0, Math.min(rows.length - 1, here + step));
      rows[here]?.querySelector("a")?.focus();
    };
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input:not([type=checkbox]), textarea, select")) return;
      if (event.key === "j") go(1);
      else if (event.key === "k") go(-1);
      else if (event.key === "x" && here >= 0) rows[here].querySelector("input[data-row]")?.click();
      else if (event.key === "/") { event.preventDefault(); document.querySelector("[data-search]")?.focus(); }
    });
  };

  // A button that copies the text of a field. Without the clipboard's leave the text is marked, ready for the keyboard.
  const copier = (button) => {
    const field = document.getElementById(button.dataset.copy);
    const told = button.parentElement.querySelector("[data-copied]");
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(field.value);
      } catch {
        const folded = field.closest("details");
        if (folded) folded.open = true;
        field.select();
        if (!document.execCommand("copy")) return;
      }
      told.textContent = told.dataset.copied;
      setTimeout(() => { told.textContent = ""; }, 4000);
    });
  };

  // The counts of pinned views come after the page: each is a question of its own.
  const counts = async (tabs) => {
    const places = [...tabs.querySelectorAll("[data-count]")];
    if (!places.length) return;
    try {
      const answer = await fetch(tabs.dataset.counts, { headers: { Accept: "application/json" }, credentials: "same-origin" });
      if (!answer.ok || answer.redirected) return;
      const found = await answer.json();
      for (const place of places) {
        const number = found[place.dataset.count];
        if (number === undefined) continue;
        place.textContent = number > 10_000 ? `${(10_000).toLocaleString(document.documentElement.lang)}+` : number.toLocaleString(document.documentElement.lang);
        place.hidden = false;
      }
    } catch { /* Tabs without numbers are tabs all the same. */ }
  };

  // A menu closes when somebody clicks beside it or presses Escape.
  const menus = () => {
    const open = () => document.querySelectorAll("details.bo-menu[open]");
    document.addEventListener("click", (event) => open().forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; }));
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") open().forEach((menu) => { menu.open = false; menu.querySelector("summary").focus(); });
    });
  };

  const start = () => {
    document.querySelectorAll("[data-copy]").forEach(copier);
    document.querySelectorAll("[data-counts]").forEach(counts);
    menus();
    document.querySelectorAll("form[data-selection]").forEach((form) => { selection(form); keys(form); });
    document.querySelectorAll("[data-live]").forEach(live);
    document.addEventListener("submit", (event) => {
      const question = event.target.dataset.confirm;
      if (question && !window.confirm(question)) return event.preventDefault();
      // A second click must not send the form twice; the server would refuse it, people would wonder.
      setTimeout(() => event.target.querySelectorAll("button[type=submit]").forEach((button) => { button.disabled = true; }), 0);
    });
    window.addEventListener("pageshow", () => document.querySelectorAll("button[type=submit][disabled]").forEach((button) => { button.disabled = false; }));
    document.querySelectorAll("textarea[data-submit-on]").forEach((area) => {
      area.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) area.form.requestSubmit();
      });
    });
    document.querySelectorAll("select[data-submit]").forEach((select) => select.addEventListener("change", () => select.form.requestSubmit()));
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
