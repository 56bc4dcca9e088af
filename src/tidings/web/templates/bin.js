"use strict";
{
  const list = document.getElementById("requests");
  const blank = document.getElementById("row");
  const said = document.getElementById("said");
  const live = document.getElementById("live");
  const title = document.title;
  let unseen = 0;

  const bytes = (size) => size < 1000 ? size + " B" : (size / 1000).toFixed(1) + " kB";
  const rowOf = (one) => {
    const row = blank.content.firstElementChild.cloneNode(true);
    const put = (where, text) => { row.querySelector(where).textContent = text; };
    const at = new Date(one.at).toISOString();
    const target = one.path + (one.query && "?" + one.query);
    const prefix = list.dataset.prefix;
    row.querySelector("a").href = "?inspect=" + one.number;
    row.querySelector("b").dataset.method = one.method;
    row.querySelector("time").title = at;
    row.querySelector(".status").dataset.status = one.status;
    put("b", one.method);
    put("bdi", target.startsWith(prefix) ? target.slice(prefix.length) || "/" : target);
    put("time", at.slice(5, 19).replace("T", " "));
    put(".number", one.number);
    put(".size", bytes(one.size));
    put(".status", one.status);
    row.className = "new";
    return row;
  };

  if (list && blank) {
    const news = new EventSource("?events=" + list.dataset.last);
    const be = (words, state) => { live.hidden = false; live.textContent = words; live.dataset.state = state; };
    news.onopen = () => be("Live", "on");
    news.onerror = () => be(news.readyState === EventSource.CLOSED ? "Ended: load again" : "Connecting again", "off");
    news.onmessage = (event) => {
      const one = JSON.parse(event.data);
      list.prepend(rowOf(one));
      said.textContent = "Request " + one.number + " came.";
      if (list.children.length > 200) list.lastElementChild.remove();
      if (document.hidden) document.title = "(" + ++unseen + ") " + title;
    };
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) { unseen = 0; document.title = title; }
    });
  }
  for (const button of document.querySelectorAll("button[data-copy]")) {
    if (!navigator.clipboard) break;
    const words = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = words; }, 2000);
    });
  }
}
