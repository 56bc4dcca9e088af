"use strict";
// What pages need beyond htmx: times that go on, copying, asking first, lists that live, charts. Without any of it
// everything can still be read, and every form sent.
{
  const steps = [[86400000, "d"], [3600000, "h"], [60000, "min"], [1000, "s"]];
  const inWords = (at) => {
    const distance = Date.now() - at, length = Math.abs(distance);
    if (length < 1000) return "now";
    if (length >= 30 * 86400000) return new Date(at).toISOString().slice(0, 10);
    const [step, sign] = steps.find(([one]) => length >= one);
    const text = Math.floor(length / step) + " " + sign;
    return distance > 0 ? text + " ago" : "in " + text;
  };
  const tick = (root) => {
    for (const time of root.querySelectorAll("time[data-at]")) {
      const text = inWords(Number(time.dataset.at));
      if (time.textContent !== text) time.textContent = text;
    }
  };

  const copy = async (button) => {
    const code = button.parentElement.querySelector("code");
    await navigator.clipboard.writeText(code.textContent);
    const label = button.querySelector("span");
    const before = label.textContent;
    label.textContent = "Copied";
    setTimeout(() => { label.textContent = before; }, 1500);
  };

  const live = (area) => {
    let source = null;
    const put = (place, html) => {
      const holder = document.createElement("template");
      holder.innerHTML = html;
      const first = holder.content.firstElementChild;
      if (place.dataset.swap === "prepend") {
        for (const one of [...holder.content.children]) {
          // What is there already was shown when the page was loaded.
          if (one.id && document.getElementById(one.id)) one.remove();
          else one.classList.add("new");
        }
        const had = place.querySelector("[data-nothing]");
        if (had) had.remove();
        place.prepend(holder.content);
        const most = Number(place.dataset.most || 50);
        while (place.children.length > most) place.lastElementChild.remove();
      } else if (place.dataset.swap === "known") {
        // Of what is on the page only that which has changed.
        for (const one of [...holder.content.children]) {
          const had = document.getElementById(one.id);
          if (had) { had.replaceWith(one); furnish(one); }
        }
      } else if (place.dataset.swap === "into") {
        // Each at the end of the list that it names, if that is on the page.
        for (const one of [...holder.content.children]) {
          const list = document.getElementById(one.dataset.into);
          if (list && !document.getElementById(one.id)) { list.append(one); furnish(one); }
        }
      } else {
        place.replaceChildren(holder.content);
      }
      if (first && window.htmx) window.htmx.process(place);
      furnish(place);
    };
    const begin = () => {
      if (source) return;
      source = new EventSource(area.dataset.live);
      for (const place of [area, ...area.querySelectorAll("[data-on]")]) {
        if (place.dataset.on) source.addEventListener(place.dataset.on, (event) => put(place, event.data));
      }
    };
    const end = () => { if (source) source.close(); source = null; };
    // Nobody looks at what is hidden, and nothing is asked for it.
    document.addEventListener("visibilitychange", () => (document.hidden ? end() : begin()));
    window.addEventListener("pagehide", end);
    if (!document.hidden) begin();
  };

  const resolved = (name) => {
    const probe = document.createElement("i");
    probe.style.color = "var(" + name + ")";
    document.body.append(probe);
    const value = getComputedStyle(probe).color;
    probe.remove();
    return value;
  };
  const draw = async (figure) => {
    if (!window.vegaEmbed) return;
    const answer = await fetch(figure.dataset.chart, { headers: { accept: "application/json" } });
    if (!answer.ok) return;
    const spec = await answer.json();
    if (spec.width === "container") spec.width = figure.clientWidth;
    const ink = resolved("--ink"), faint = resolved("--ink-faint"), line = resolved("--line");
    const config = {
      background: "transparent",
      font: getComputedStyle(document.body).fontFamily,
      title: { color: ink },
      axis: { labelColor: faint, titleColor: faint, gridColor: line, domainColor: line, tickColor: line },
      legend: { labelColor: ink, titleColor: ink },
      view: { stroke: line },
      mark: { color: resolved("--accent") },
      text: { color: ink },
    };
    const place = document.createElement("div");
    place.setAttribute("role", "img");
    place.setAttribute("aria-label", figure.dataset.label);
    try {
      // `ast`: expressions are interpreted, since nothing may be evaluated; styles come from our own sheet.
      await window.vegaEmbed(place, spec, {
        ast: true, actions: false, renderer: "svg", defaultStyle: false, tooltip: { disableDefaultStyle: true }, config,
      });
      figure.replaceChildren(place);
    } catch (error) {
      const picture = new Image();
      picture.src = figure.dataset.picture;
      picture.alt = figure.dataset.label;
      figure.replaceChildren(picture);
      console.warn("chart not drawn", error);
    }
  };

  const furnish = (root) => {
    tick(root);
    if (navigator.clipboard) for (const button of root.querySelectorAll("button[data-copy]")) button.hidden = false;
    for (const one of root.querySelectorAll(".toast")) setTimeout(() => one.remove(), 8000);
    for (const one of root.querySelectorAll("[data-chart]")) draw(one);
    for (const one of root.querySelectorAll("[data-live]")) live(one);
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.copy !== undefined) copy(button);
    if (button.dataset.confirm && !window.confirm(button.dataset.confirm)) event.preventDefault();
  });
  // What somebody opened to read stays open when it comes anew.
  let opened = [];
  document.addEventListener("htmx:beforeSwap", (event) => {
    opened = [...event.detail.target.querySelectorAll("details[open][id]")].map((one) => one.id);
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
    furnish(event.detail.target);
  });
  // Forms that say so are sent as soon as something in them is chosen.
  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (form && form.dataset.auto !== undefined) form.requestSubmit();
  });
  // What is to be shown in a frame is sent there, now or as soon as htmx brings it.
  document.addEventListener("htmx:load", (event) => {
    for (const form of event.detail.elt.querySelectorAll("form[data-now]")) {
      form.requestSubmit();
      form.parentElement.scrollIntoView({ block: "nearest" });
    }
  });
  setInterval(() => tick(document), 1000);
  furnish(document);
}
